// coffees invoke: calls one function; the answer alone on standard output, everything else on standard error.
#include <fmt/format.h>
#include <httplib.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/server_file.h"

namespace coffees::cli {
namespace {

// "@file", "-" for standard input, anything else literally.
std::optional<std::string> read_data(const std::string& data) {
  if (data == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  if (!data.starts_with('@')) return data;
  std::ifstream file(data.substr(1), std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

int exit_code_for(const httplib::Response& response) {
  switch (response.status) {
    case 500:
      return kFunctionError;
    case 502:
      return kCrashed;
    case 504:
      return kTimeout;
    case 429:
    case 503:
      return kRefused;
    default:
      return response.status >= 400 ? kUsage : kOk;
  }
}

// Problems are ours; any other body belongs to the handler, whatever its status.
bool is_problem(const httplib::Response& response) {
  return response.get_header_value("Content-Type") == "application/problem+json" &&
         !response.get_header_value("X-Request-Id").empty();
}

void print_problem(const httplib::Response& response) {
  const nlohmann::json problem = nlohmann::json::parse(response.body, nullptr, false);
  const auto text = [&problem](const char* key) {
    return problem.is_object() ? problem.value(key, "") : std::string();
  };
  const std::string type = text("error_type");
  fmt::print(stderr, "{}: {}{}{}\n", text("code"), type, type.empty() ? "" : ": ", text("detail"));
  if (!text("hint").empty()) fmt::print(stderr, "  hint: {}\n", text("hint"));
}

}  // namespace

int invoke(const InvokeOptions& options) {
  const std::optional<std::string> body = read_data(options.data);
  if (!body) {
    fmt::print(stderr,
               "error[E104]: {} cannot be read\n  hint: -d @FILE names a file, -d TEXT is the text itself\n",
               options.data.substr(1));
    return kUsage;
  }
  const std::string url = find_server(options.server);
  httplib::Client client(url);
  if (!client.is_valid()) {
    fmt::print(stderr, "error[E105]: '{}' is no server's URL\n  hint: --server http://127.0.0.1:2633\n", url);
    return kUsage;
  }
  client.set_read_timeout(std::chrono::hours(24));  // the function's own timeout decides
  const httplib::Result result = client.Post("/" + options.function, *body, "application/json");
  if (!result) {
    fmt::print(stderr, "error[E106]: no server answers at {}: {}\n  hint: start one with: coffees serve\n",
               url, httplib::to_string(result.error()));
    return kNoServer;
  }
  const httplib::Response& response = *result;
  if (options.include) {
    fmt::print("HTTP/1.1 {} {}\n", response.status, response.reason);
    for (const auto& [name, value] : response.headers) fmt::print("{}: {}\n", name, value);
    fmt::print("\n");
  }
  const bool problem = is_problem(response);
  if (problem)
    print_problem(response);
  else
    std::fwrite(response.body.data(), 1, response.body.size(), stdout);
  std::fflush(stdout);
  if (!options.quiet) {
    const std::string start = response.get_header_value("X-Coffees-Start");
    fmt::print(stderr, "{}{}{} · {} · request {}\n", start.empty() ? "not started" : start,
               start.empty() ? "" : " start on ", response.get_header_value("X-Coffees-Worker"),
               response.get_header_value("Server-Timing"), response.get_header_value("X-Request-Id"));
  }
  // A handler's own 4xx or 5xx is an answer like any other: the function did what it was written to do.
  return problem ? exit_code_for(response) : (response.status >= 500 ? kFunctionError : kOk);
}

}  // namespace coffees::cli
