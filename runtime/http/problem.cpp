#include "http/problem.h"

#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>

namespace coffees::http {

std::string_view reason(int status) {
  namespace beast = boost::beast::http;
  const beast::status known = beast::int_to_status(static_cast<unsigned>(status));
  if (known == beast::status::unknown) return "";  // not a null pointer: it is copied
  const auto text = beast::obsolete_reason(known);
  return {text.data(), text.size()};
}

std::string problem_document(const Problem& problem) {
  nlohmann::ordered_json document;
  document["type"] = std::string("urn:coffees:problem:").append(problem.code);
  document["title"] = std::string(problem.title.empty() ? reason(problem.status) : problem.title);
  document["status"] = problem.status;
  document["detail"] = problem.detail;
  document["code"] = problem.code;
  const auto add = [&document](const char* name, std::string_view value) {
    if (!value.empty()) document[name] = value;
  };
  add("error_type", problem.error_type);
  add("request_id", problem.request_id);
  add("function", problem.function);
  add("hint", problem.hint);
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace coffees::http
