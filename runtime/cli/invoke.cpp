// coffees invoke: calls one function; the answer alone on standard output, everything else on standard error.
#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "base/field_syntax.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/server_file.h"
#include "events/event_text.h"
#include "http/same.h"
#include "invocation.h"
#include "outcome_table.h"

namespace coffees::cli {
namespace {

// The class of a code (invocation.h); "refused" for what never became an invocation.
const char* outcome_of(const std::string& code) {
  for (std::size_t kind = 0; kind < kOutcomeKinds; ++kind)
    if (code == code_of(static_cast<Outcome::Kind>(kind)))
      return coffees::outcome_of(static_cast<Outcome::Kind>(kind));
  return "refused";
}

// RFC 4648 section 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 3))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= bytes.size() ? digits[group >> (18 - 6 * i) & 63U] : '=';
  }
  return out;
}

// The HTTP library has a value of its own for these.
bool is_always_sent(std::string_view name) {
  constexpr std::array<std::string_view, 4> fields{"Accept", "Content-Type", "Host", "User-Agent"};
  return std::any_of(fields.begin(), fields.end(), [&](auto field) { return http::same(name, field); });
}

// Puts the fields of `-H` into the request, as curl(1) understands them, in place of our own of that name.
// Returns an empty text, or what is wrong with one of them.
std::string set_headers(const std::vector<std::string>& fields, httplib::Request& request) {
  bool own_type = false;
  for (const std::string& field : fields) {
    const std::size_t end = field.find_first_of(":;");
    const std::string name = field.substr(0, end);
    // A value may be a secret: it is not repeated in a message.
    if (end == std::string::npos || !is_token(name)) return "-H without a header field's name and a colon";
    std::string value = field.substr(end + 1);
    value.erase(0, value.find_first_not_of(" \t"));
    value.erase(value.find_last_not_of(" \t") + 1);
    if (field[end] == ';' && !value.empty()) return "-H " + name + "; has a value behind its semicolon";
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return "-H " + name + " has a value of more than one line";
    if (http::same(name, "Content-Length") || http::same(name, "Transfer-Encoding"))
      return "-H " + name + " cannot be set: it follows from the body";
    if (field[end] == ':' && value.empty()) {
      if (is_always_sent(name)) return "-H " + name + ": this field cannot be left out";
      continue;  // curl leaves it out
    }
    own_type = own_type || http::same(name, "Content-Type");
    request.headers.emplace(name, value);
  }
  if (!own_type && (!request.body.empty() || request.method == "POST"))
    request.headers.emplace("Content-Type", "application/json");
  return {};
}

// What the runtime says in place of an answer of the handler: the header cannot be set by handlers.
struct Failure {
  std::string code;  ///< as in invocation.h; empty: the handler answered
  std::string type;
  std::string detail;
  std::string hint;
};

Failure failure_of(const httplib::Response& response) {
  Failure failure{.code = response.get_header_value("X-Coffees-Error")};
  if (failure.code.empty()) return failure;
  const Json problem = Json::parse(response.body, nullptr, false);
  const auto text = [&problem](const char* key) {
    return problem.is_object() && problem.contains(key) && problem[key].is_string()
               ? problem[key].get<std::string>()
               : std::string();
  };
  failure.type = text("error_type");
  failure.detail = text("detail");
  failure.hint = text("hint");
  return failure;
}

int exit_code_for(const httplib::Response& response, const Failure& failure) {
  // A handler's own 4xx is an answer like any other: the function did what it was written to do.
  if (failure.code.empty()) return response.status >= 500 ? kFunctionError : kOk;
  for (const OutcomeRow& row : outcome_rows())
    if (failure.code == row.code) return row.exit_code;
  return response.status == 503 ? kRefused : kUsage;
}

const char* number_of(int exit_code, const std::string& code) {
  if (code == "unknown_function") return "E201";
  switch (exit_code) {
    case kFunctionError:
      return "E211";
    case kTimeout:
      return "E212";
    case kRefused:
      return "E213";
    case kCrashed:
      return "E214";
    default:
      return "E210";
  }
}

// Texts may come from handlers, and this is a terminal.
void print_failure(const Failure& failure, int exit_code) {
  const std::string what = failure.type + (failure.type.empty() ? "" : ": ") + failure.detail;
  const config::Problem problem = coded(what, number_of(exit_code, failure.code));
  fmt::print(stderr, "{}\n",
             config::Problem{problem.code, "", visible(problem.what), visible(failure.hint)}.text());
}

// "cold, queue;dur=0.006, boot;dur=0.655" as {"queue_ms": 0.006, "boot_ms": 0.655}.
Json timing_of(const std::string& server_timing) {
  Json timing = Json::object();
  std::istringstream metrics(server_timing);
  for (std::string metric; std::getline(metrics >> std::ws, metric, ',');) {
    const std::size_t duration = metric.find(";dur=");
    if (duration != std::string::npos)
      timing[metric.substr(0, duration) + "_ms"] = std::strtod(metric.c_str() + duration + 5, nullptr);
  }
  return timing;
}

// The answer, and all that its head says, as one document.
Json document_of(const httplib::Response& response, const Failure& failure) {
  Json document;
  document["status"] = response.status;
  document["outcome"] = failure.code.empty() ? "ok" : outcome_of(failure.code);
  document["code"] = failure.code.empty() ? "ok" : failure.code;
  document["request_id"] = response.get_header_value("X-Request-Id");
  if (response.has_header("X-Coffees-Worker")) {
    document["worker"] = response.get_header_value("X-Coffees-Worker");
    document["start"] = response.get_header_value("X-Coffees-Start");
    document["timing"] = timing_of(response.get_header_value("Server-Timing"));
  }
  if (!failure.code.empty()) {
    if (!failure.type.empty()) document["error_type"] = failure.type;
    document["message"] = failure.detail;
    document["hint"] = failure.hint;
    return document;
  }
  document["content_type"] = response.get_header_value("Content-Type");
  const bool text = is_utf8(response.body);
  document["body_encoding"] = text ? "text" : "base64";
  document["body"] = text ? response.body : base64(response.body);
  return document;
}

void print_timing(const httplib::Response& response) {
  const std::string start = response.get_header_value("X-Coffees-Start");
  const std::string request = response.get_header_value("X-Request-Id");
  if (start.empty())
    fmt::print(stderr, "not started · request {}\n", request);
  else
    fmt::print(stderr, "{} start on {} · {} · request {}\n", start,
               response.get_header_value("X-Coffees-Worker"), response.get_header_value("Server-Timing"),
               request);
}

}  // namespace

std::optional<std::string> read_data(const std::string& data) {
  if (data == "-" || data == "@-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  if (!data.starts_with('@')) return data;
  std::ifstream file(data.substr(1), std::ios::binary);
  if (!file || std::filesystem::is_directory(data.substr(1))) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

int invoke(const InvokeOptions& options) {
  if (!is_token(options.method)) {
    fmt::print(stderr, "error[E104]: '{}' is not a method\n  hint: -X GET\n", visible(options.method));
    return kUsage;
  }
  const std::optional<std::string> body = read_data(options.data);
  if (!body) {
    fmt::print(stderr,
               "error[E104]: {} cannot be read\n  hint: -d @FILE names a file, -d TEXT is the text itself\n",
               options.data.substr(1));
    return kUsage;
  }
  const std::optional<std::string> url = find_server(options.server);
  if (!url) return kUsage;
  httplib::Request request;
  request.method = options.method;
  request.path = "/" + options.function;
  request.body = *body;
  if (const std::string wrong = set_headers(options.headers, request); !wrong.empty()) {
    fmt::print(stderr, "error[E104]: {}\n  hint: -H \"Name: value\"; -H \"Name;\" for an empty value\n",
               visible(wrong));
    return kUsage;
  }
  httplib::Client client(*url);
  client.set_read_timeout(std::chrono::hours(24));  // the function's own timeout decides
  const httplib::Result result = client.send(request);
  if (!result) {
    print_no_server(*url, result.error());
    return kNoServer;
  }
  const httplib::Response& response = *result;
  const Failure failure = failure_of(response);
  const int exit_code = exit_code_for(response, failure);
  if (options.json) {
    fmt::print("{}\n", document_of(response, failure).dump(-1, ' ', false, Json::error_handler_t::replace));
    return exit_code;
  }
  if (options.include) {
    fmt::print("HTTP/1.1 {} {}\n", response.status, response.reason);
    for (const auto& [name, value] : response.headers) fmt::print("{}: {}\n", name, value);
    fmt::print("\n");
  }
  if (failure.code.empty())
    std::fwrite(response.body.data(), 1, response.body.size(), stdout);
  else
    print_failure(failure, exit_code);
  std::fflush(stdout);
  if (!options.quiet) print_timing(response);
  return exit_code;
}

}  // namespace coffees::cli
