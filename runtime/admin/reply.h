// Answers of the admin port, before they become bytes.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "http/answer.h"
#include "refusal_code.h"

namespace coffees::admin {

using Json = nlohmann::ordered_json;

/// What is answered.
struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string fields;                    ///< further header lines ("Allow: GET\r\n")
  std::unique_ptr<http::Pieces> pieces;  ///< instead of `body`
  std::shared_ptr<void> place;           ///< kept until the answer has been written, or given up
};

/// 200 (or `status`) with a JSON document.
Reply document(const Json& content, int status = 200);
/// {"`name`": [`objects`...]} of objects that are JSON already, and further members.
Reply list(const char* name, const std::vector<std::string>& objects, const std::string& more = {});
/// RFC 9457, like on the invoke port; status and code are those of the table.
Reply problem(RefusalCode code, const std::string& detail, const std::string& hint = {});
/// The same for a request that names no function of this server: `unknown_function`, as on the invoke port.
Reply unknown_function_problem(const std::string& detail, const std::string& hint);

}  // namespace coffees::admin
