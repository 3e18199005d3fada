#include "config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "config/client_names.h"
#include "config/key_kinds.h"
#include "config/network_keys.h"
#include "config/sandbox_keys.h"

namespace coffees::config {
namespace {

std::string read_env(const toml::node& node, Function& function) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return "env = { NAME = \"value\" }";
  for (const auto& [name, value] : *table) {
    const auto text = value.value_exact<std::string>();
    if (!text || text->find('\0') != std::string::npos)
      return fmt::format("env values are texts: {} = \"...\"", name.str());
    if (!is_allowed_variable(name.str()))
      return fmt::format("{} cannot be set: LD_*, MALLOC_* and GLIBC_TUNABLES are refused", name.str());
    function.env[std::string(name.str())] = *text;
  }
  std::size_t total = 0;
  for (const auto& [name, value] : function.env) total += name.size() + value.size() + 2;
  return total <= 64 * 1024 ? "" : "at most 64 KiB of environment";
}

std::string show_env(const Function& function) {
  if (function.env.empty()) return "{}";
  std::string all;
  for (const auto& [name, value] : function.env)
    all += (all.empty() ? "{ " : ", ") + quoted(name) + " = " + kHidden;
  return all + " }";
}

std::string read_reuse(const toml::node& node, Function& function) {
  const auto value = node.value_exact<bool>();
  if (!value) return "true or false";
  function.reuse = *value;
  return {};
}

std::string read_hosts(const toml::node& node, Server& server) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return "hosts = [\"coffee.example\"]";
  server.hosts.clear();
  for (const toml::node& element : *array) {
    const auto host = element.value_exact<std::string>();
    if (!host) return "hosts = [\"coffee.example\"]";
    if (const std::string hint = why_no_host_matches(*host); !hint.empty())
      return fmt::format("no request can match {}: {}", quoted(*host), hint);
    server.hosts.push_back(*host);
  }
  return {};
}

std::string show_hosts(const Server& server) {
  std::string all = "[";
  for (const std::string& host : server.hosts) all += (all.size() == 1 ? "" : ", ") + quoted(host);
  return all + "]";
}

Key<Function> path_key() {
  Key<Function> key = text("path", &Function::path, "The handler library; counts from this file.");
  key.only_per_function = true;
  return key;
}

// What may stand behind "Bearer" (RFC 6750 section 2.1), and comes through every library as it went in.
std::string read_token(const toml::node& node, Server& server) {
  const auto value = node.value<std::string>();
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-._~+/=").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!value || !std::all_of(value->begin(), value->end(), fits))
    return "a text of letters, digits and - . _ ~ + / =";
  server.admin_token = *value;
  return {};
}

Key<Server> token_key() {
  Key<Server> key =
      text("admin_token", &Server::admin_token,
           "The token that admin clients must send; without one the admin port stays on loopback.");
  key.read = read_token;
  key.show = [](const Server& server) { return server.admin_token.empty() ? "\"\"" : kHidden; };
  key.hidden = true;
  return key;
}

// Empty: none.
Key<Server> log_file_key() {
  Key<Server> key = text("log_file", &Server::log_file, "A file for the server's own messages.");
  key.read = [read = key.read](const toml::node& node, Server& server) -> std::string {
    if (node.value<std::string>() == "") {
      server.log_file.clear();
      return {};
    }
    return read(node, server);
  };
  return key;
}

}  // namespace

bool is_allowed_variable(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos && !name.starts_with("LD_") &&
         !name.starts_with("MALLOC_") && name != "GLIBC_TUNABLES";
}

const std::vector<Key<Function>>& function_keys() {
  static const std::vector<Key<Function>> keys{
      path_key(),
      duration("timeout", &Function::timeout, "Of one invocation, from hand-over to its worker.",
               Word{"off", Duration(-1)}, true),
      duration("init_timeout", &Function::init_timeout, "Of loading and initialising the library.", {}, true),
      duration("keep_warm", &Function::keep_warm, "Idle life of a worker after its last completion.",
               Word{"forever", Duration::max()}),
      count("min_warm", &Function::min_warm, "Workers that are always there.", 0, 10'000),
      count("limit", &Function::limit, "Most workers at once.", 1, 10'000),
      count("queue", &Function::queue, "Requests that may wait at the limit.", 0, 1'000'000),
      duration("queue_timeout", &Function::queue_timeout, "How long a request may wait."),
      count("max_requests", &Function::max_requests,
            "Retire a worker after this number of requests; 0: never.", 0,
            std::numeric_limits<std::int64_t>::max()),
      size("memory", &Function::memory, "Of one process of the function.", 8 << 20),
      count("processes", &Function::processes, "Processes and threads of one worker.", 1, 10'000),
      size("tmp", &Function::tmp, "The private /tmp of a worker.", 64 << 10),
      choice<Function, StartMode>("start", &Function::start,
                                  "Whether init runs once for all workers, or in each of them.",
                                  {{"zygote", StartMode::zygote}, {"fresh", StartMode::fresh}}),
      {.name = "reuse",
       .about = "false: a new worker for every request.",
       .read = read_reuse,
       .show = [](const Function& function) { return std::string(function.reuse ? "true" : "false"); },
       .schema = R"("type": "boolean")"},
      {.name = "env",
       .about = "The environment of the handler, and nothing else is in it.",
       .read = read_env,
       .show = show_env,
       .schema = R"("type": "object", "additionalProperties": {"type": "string"})",
       .hidden = true},
      function_origins_key(),
      files_key(),
      network_key(),
      programs_key(),
      shm_key(),
      secrets_key(),
  };
  return keys;
}

const std::vector<Key<Server>>& server_keys() {
  static const std::vector<Key<Server>> keys{
      host_key(),
      port("port", &Server::port, &Server::port_asked_for, "The invoke port; 0: any free one."),
      text("admin_host", &Server::admin_host,
           "The address of the admin port; any but loopback requires a token."),
      port("admin_port", &Server::admin_port, &Server::admin_port_asked_for,
           "The admin port; 0: any free one. By default the one after the invoke port."),
      token_key(),
      {.name = "hosts",
       .about = "Further names that clients may call this server by.",
       .read = read_hosts,
       .show = show_hosts,
       .schema = R"("type": "array", "items": {"type": "string"})"},
      server_origins_key(),
      trusted_proxies_key(),
      size("max_body", &Server::max_body, "Of requests and answers.", 1),
      memory_budget_key(),
      min_upload_key(),
      duration("linger", &Server::linger,
               "How long a refused client may keep sending before its connection is closed."),
      duration("drain", &Server::drain, "How long SIGTERM waits for what is under way."),
      choice<Server, IsolationWish>(
          "isolation", &Server::isolation, "Which isolation the host must allow.",
          {{"best", IsolationWish::best}, {"strict", IsolationWish::strict}, {"none", IsolationWish::none}}),
      choice<Server, LogLevel>("log_level", &Server::log_level,
                               "The lowest level of the server's own messages.",
                               {{"debug", LogLevel::debug},
                                {"info", LogLevel::info},
                                {"warning", LogLevel::warning},
                                {"error", LogLevel::error},
                                {"off", LogLevel::off}}),
      log_file_key(),
      size("log_file_size", &Server::log_file_size, "The log file is renamed when it reaches this size.",
           4 << 10),
      count("log_files", &Server::log_files, "How many older log files are kept.", 0, 1000),
  };
  return keys;
}

}  // namespace coffees::config
