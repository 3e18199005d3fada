// Answers of the admin port.
#pragma once

#include <httplib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace coffees::admin {

using Json = nlohmann::ordered_json;

/// 200 (or `status`) with a JSON document.
void reply(httplib::Response& response, const Json& document, int status = 200);
/// {"`name`": [`objects`...]} of objects that are JSON already, and further members. `place` is kept until
/// the answer has been written, or given up.
void reply_list(httplib::Response& response, const char* name, const std::vector<std::string>& objects,
                std::shared_ptr<void> place, const std::string& more = {});
/// RFC 9457, like on the invoke port.
void problem(httplib::Response& response, int status, const char* code, const std::string& detail,
             const std::string& hint = {});

}  // namespace coffees::admin
