#include "admin/admin_service.h"

#include "base/header_block.h"
#include "diagnostics/diagnostics.h"
#include "http/connection.h"
#include "http/same.h"

namespace coffees::admin {
namespace {

std::string_view field(const http::Request& request, std::string_view wanted) {
  std::string_view found;
  for_each_header(request.parser.headers, [&](std::string_view name, std::string_view value) {
    if (http::same(name, wanted)) found = value;
  });
  return found;
}

class AdminHandler final : public http::Handler {
 public:
  AdminHandler(AdminService& service, http::Connection& connection)
      : service_(service), connection_(connection) {}

  http::Refusal examine(const http::Request& request) override {
    if (request.target.fault != nullptr) return {RefusalCode::bad_request, request.target.fault};
    return check(service_.guard(), request);
  }

  std::string refused(const http::Request&, const http::Refusal& refusal) override {
    return refusal.code == RefusalCode::unauthorized ? "WWW-Authenticate: Bearer\r\n" : "";
  }

  Task<http::Answer> answer(const http::Request& request) override {
    Reply reply = co_await reply_to(request);
    const http::AnswerFrame frame = connection_.frame(request);
    http::Answer answer;
    if (reply.pieces)
      answer = http::streamed(reply.content_type, std::move(reply.pieces), frame, reply.fields);
    else
      answer = http::plain(reply.status, reply.content_type, std::move(reply.body), frame, reply.fields);
    answer.held = std::move(reply.place);
    co_return answer;
  }

 private:
  Task<Reply> reply_to(const http::Request& request) {
    Asked asked{.method = request.parser.method,
                .path = request.target.path,
                .body = request.body,
                .last_event_id = field(request, "Last-Event-ID")};
    std::optional<http::Parameters> query = http::parse_query(request.target.query);
    if (!query) co_return problem(RefusalCode::bad_request, "the query is not well formed");
    asked.query = std::move(*query);
    Reply reply;
    try {
      reply = co_await service_.api().answer(asked);
    } catch (const std::exception& failure) {
      diagnostics::warn_seldom(diagnostics::Room::admin, "exception",
                               std::string("a request to the admin port failed: ") + failure.what());
      reply =
          problem(RefusalCode::internal_error, "the admin port met an error of its own", "please report it");
    }
    co_return reply;
  }

  AdminService& service_;
  http::Connection& connection_;
};

}  // namespace

std::unique_ptr<http::Handler> AdminService::handler_for(http::Connection& connection) {
  return std::make_unique<AdminHandler>(*this, connection);
}

}  // namespace coffees::admin
