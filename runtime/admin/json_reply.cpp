#include "admin/json_reply.h"

#include <boost/beast/http/status.hpp>

namespace coffees::admin {

void reply(httplib::Response& response, const Json& document, int status) {
  response.status = status;
  response.set_content(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
                       "application/json");
}

void reply_list(httplib::Response& response, const char* name, const std::vector<std::string>& objects,
                const std::string& more) {
  std::string body = std::string("{\"") + name + "\":[";
  for (std::size_t i = 0; i < objects.size(); ++i) body.append(i == 0 ? "\n" : ",\n").append(objects[i]);
  body.append("]").append(more).append("}\n");
  response.status = 200;
  response.set_content(body, "application/json");
}

void problem(httplib::Response& response, int status, const char* code, const std::string& detail,
             const std::string& hint) {
  Json document;
  document["type"] = std::string("urn:coffees:problem:") + code;
  document["title"] =
      std::string(boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status)));
  document["status"] = status;
  document["detail"] = detail;
  document["code"] = code;
  if (!hint.empty()) document["hint"] = hint;
  response.status = status;
  response.set_content(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
                       "application/problem+json");
}

}  // namespace coffees::admin
