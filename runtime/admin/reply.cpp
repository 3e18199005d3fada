#include "admin/reply.h"

#include "http/problem.h"
#include "outcome_table.h"

namespace coffees::admin {
namespace {

Reply problem_reply(int status, const char* code, const std::string& detail, const std::string& hint) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/problem+json";
  reply.body = http::problem_document({.status = status, .code = code, .detail = detail, .hint = hint});
  http::append_error(reply.fields, code);
  return reply;
}

}  // namespace

Reply document(const Json& content, int status) {
  Reply reply;
  reply.status = status;
  reply.body = content.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return reply;
}

Reply list(const char* name, const std::vector<std::string>& objects, const std::string& more) {
  Reply reply;
  std::size_t size = 64 + more.size();
  for (const std::string& object : objects) size += object.size() + 2;
  reply.body.reserve(size);
  reply.body.append("{\"").append(name).append("\":[");
  for (std::size_t i = 0; i < objects.size(); ++i)
    reply.body.append(i == 0 ? "\n" : ",\n").append(objects[i]);
  reply.body.append("]").append(more).append("}\n");
  return reply;
}

Reply problem(RefusalCode code, const std::string& detail, const std::string& hint) {
  return problem_reply(status_of(code), name_of(code), detail, hint);
}

Reply unknown_function_problem(const std::string& detail, const std::string& hint) {
  const OutcomeRow& row = outcome_rows()[static_cast<std::size_t>(Outcome::Kind::unknown_function)];
  return problem_reply(row.status, row.code, detail, hint);
}

}  // namespace coffees::admin
