#include "cli/admin_client.h"
#include "base/text.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "cli/server_file.h"
#include "events/event_text.h"
#include "platform/output.h"

namespace coffees::cli {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

// What the user says, else what a server on this machine has written down for its own user. The latter goes
// to that server's admin port alone.
httplib::Headers credentials(const std::string& url) {
  const char* given = std::getenv("COFFEES_ADMIN_TOKEN");
  const std::string token = given != nullptr && *given != '\0' ? given : written_token(url);
  if (token.empty()) return {};
  return {{"Authorization", "Bearer " + token}};
}

std::string text(const Json& problem, const char* key) {
  return problem.is_object() && problem.contains(key) && problem[key].is_string()
             ? problem[key].get<std::string>()
             : std::string();
}

int print_problem(int status, const std::string& body) {
  const Json problem = Json::parse(body, nullptr, false);
  const std::string code = text(problem, "code");
  const char* number = code == "unknown_function" ? "E201" : "E110";
  const std::string detail = visible(text(problem, "detail"));
  const std::string hint = visible(text(problem, "hint"));
  fmt::print(stderr, "error[{}]: {}\n", number,
             detail.empty() ? fmt::format("the server answered with status {}", status) : detail);
  if (!hint.empty()) fmt::print(stderr, "  hint: {}\n", hint);
  return status == 503 ? kRefused : kUsage;
}

// A server that listens on all addresses names one that only it can use.
std::string reachable(const std::string& admin, const std::string& server) {
  for (const char* any : {"http://0.0.0.0:", "http://[::]:"}) {
    const std::string_view prefix = any;
    if (!admin.starts_with(prefix)) continue;
    return server.substr(0, server.rfind(':') + 1) + admin.substr(prefix.size());
  }
  return admin;
}

}  // namespace

std::optional<AdminClient> AdminClient::find(const std::string& wanted, int& exit_code) {
  exit_code = kUsage;
  const std::optional<std::string> found = find_server(wanted);
  if (!found) return std::nullopt;
  exit_code = kNoServer;
  const std::string& url = *found;
  httplib::Client client(url);
  client.set_connection_timeout(kPatience);
  client.set_read_timeout(kPatience);
  const httplib::Result result = client.Get("/healthz");
  if (!result) {
    print_no_server(url, result.error());
    return std::nullopt;
  }
  const Json health = Json::parse(result->body, nullptr, false);
  if (text(health, "port") == "admin") return AdminClient(url);
  const std::string admin = text(health, "admin");
  if (admin.empty()) {
    print_no_server(url, "the program that answers there is not a coffees server");
    return std::nullopt;
  }
  return AdminClient(reachable(admin, url));
}

std::optional<Json> AdminClient::get(const std::string& path) {
  httplib::Client client(url_);
  client.set_read_timeout(kPatience);
  return read(client.Get(path, credentials(url_)));
}

std::optional<Json> AdminClient::post(const std::string& path, const Json& body) {
  httplib::Client client(url_);
  client.set_read_timeout(kPatience);
  return read(client.Post(path, credentials(url_), body.dump(), "application/json"));
}

std::optional<Json> AdminClient::read(const httplib::Result& result) {
  if (!result) {
    print_no_server(url_, result.error());
    exit_code_ = kNoServer;
    return std::nullopt;
  }
  if (result->status >= 400) {
    exit_code_ = print_problem(result->status, result->body);
    return std::nullopt;
  }
  return Json::parse(result->body);
}

bool AdminClient::follow(const std::string& path,
                         const std::function<bool(std::string_view, std::string_view)>& each) {
  httplib::Client client(url_);
  client.set_read_timeout(std::chrono::minutes(1));  // a living stream says something every 15 s
  std::string pending;
  int status = 0;
  bool wanted = true;
  const httplib::Result result = client.Get(
      path, credentials(url_),
      [&status](const httplib::Response& response) {
        status = response.status;
        return true;
      },
      [&](const char* data, std::size_t size) {
        pending.append(data, size);
        if (status != 200) return true;
        for (std::size_t end = 0; wanted && (end = pending.find("\n\n")) != std::string::npos;) {
          const std::string block = pending.substr(0, end);
          pending.erase(0, end + 2);
          const auto field = [&block](std::string_view name) {
            const std::size_t at = block.starts_with(name) ? 0 : block.find("\n" + std::string(name));
            if (at == std::string::npos) return std::string();
            const std::size_t begin = at + (at == 0 && block.starts_with(name) ? 0 : 1) + name.size();
            return block.substr(begin, block.find('\n', begin) - begin);
          };
          if (!block.starts_with(':')) wanted = each(field("id: "), field("data: "));
        }
        return wanted;
      });
  if (!result && status == 0) {
    print_no_server(url_, result.error());
    exit_code_ = kNoServer;
    return false;
  }
  if (status >= 400) exit_code_ = print_problem(status, pending);
  return status < 400;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

int repeat(bool watch, const std::function<int()>& show) {
  while (true) {
    if (watch && platform::is_terminal(1)) fmt::print("\x1b[H\x1b[2J");
    const int code = show();
    std::fflush(stdout);
    if (!watch || code != kOk) return code;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace coffees::cli
