// A strict reader of what a server sends: accepts only what no HTTP client can misunderstand.
#pragma once

#include <string_view>
#include <vector>

namespace coffees::fuzz {

/// One final answer (not 100 Continue); views borrow from the bytes.
struct SeenAnswer {
  int status = 0;
  bool closes = false;    ///< it says that the connection ends
  bool bodiless = false;  ///< it says a length, but its body is not there: the answer to HEAD
  std::string_view body;
};

struct SeenAnswers {
  std::vector<SeenAnswer> final_ones;
  std::size_t continues = 0;  ///< how many times 100 Continue came
};

/// Takes a connection's whole output apart. Throws Broken when it is no row of complete, well-formed answers.
/// No body may begin with "HTTP/1.1 ": that is how the answers to HEAD are told apart.
SeenAnswers read_answers(std::string_view bytes);

}  // namespace coffees::fuzz
