#include "admin/json_reply.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>

namespace coffees::admin {
namespace {
constexpr std::size_t kPiece = 64 * 1024;  // of a long answer, written at once
}

void reply(httplib::Response& response, const Json& document, int status) {
  response.status = status;
  response.set_content(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
                       "application/json");
}

void reply_list(httplib::Response& response, const char* name, const std::vector<std::string>& objects,
                std::shared_ptr<void> place, const std::string& more) {
  auto body = std::make_shared<std::string>(std::string("{\"") + name + "\":[");
  for (std::size_t i = 0; i < objects.size(); ++i) body->append(i == 0 ? "\n" : ",\n").append(objects[i]);
  body->append("]").append(more).append("}\n");
  response.status = 200;
  response.set_content_provider(
      body->size(), "application/json",
      [body, place = std::move(place)](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        return sink.write(body->data() + offset, std::min(length, kPiece));
      });
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
