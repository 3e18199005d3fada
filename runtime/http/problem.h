// Problem documents (RFC 9457): the body of every answer of ours that tells of an error.
#pragma once

#include <string>
#include <string_view>

namespace coffees::http {

/// What one says. Empty members are left out. Texts may come from handlers or clients: what is not UTF-8 in
/// them is replaced.
struct Problem {
  int status = 500;
  std::string_view code;     ///< a stable word for programs
  std::string_view title{};  ///< what the code means; empty: the name of the status
  std::string_view detail;
  std::string_view hint{};  ///< what to do about it
  std::string_view request_id{};
  std::string_view function{};
  std::string_view error_type{};  ///< the type of a handler's exception
};

/// The document, with a newline at its end.
std::string problem_document(const Problem& problem);

/// "Not Found" for 404. Empty for a status that has no name: a phrase may be missing (RFC 9112 section 4).
std::string_view reason(int status);

}  // namespace coffees::http
