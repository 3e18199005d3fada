#include "config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

#include "config/units.h"

namespace coffees::config {
namespace {

constexpr const char* kNoUnit = "has no unit";

// A text as TOML writes it, on one line whatever is in it: it may become a key.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, c);
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\u{:04X}", byte);
    else
      out += c;
  }
  return out + '"';
}

// "For ever" and "off" are words, because no number says them.
struct Word {
  const char* text;
  Duration value;
};

template <typename Target>
Key<Target> duration(const char* name, Duration Target::*member, const char* about,
                     std::optional<Word> word = {}, bool positive = false) {
  Key<Target> key{.name = name, .about = about, .unit_complaint = kNoUnit};
  key.read = [=](const toml::node& node, Target& target) -> std::string {
    const auto text = node.value<std::string>();
    if (text && word && *text == word->text) {
      target.*member = word->value;
      return {};
    }
    if (text)
      if (const auto value = parse_duration(*text); value && (!positive || value->count() > 0)) {
        target.*member = *value;
        return {};
      }
    if (const auto number = node.value_exact<std::int64_t>())
      return fmt::format("write {0} = \"{1}s\" or \"{1}ms\"", name, *number);
    return fmt::format("a duration like \"250ms\", \"3s\" or \"5m\"{}{}{}", word ? ", or \"" : "",
                       word ? word->text : "", word ? "\"" : "");
  };
  key.show = [=](const Target& target) { return quoted(format_duration(target.*member)); };
  key.schema = fmt::format(R"("type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h){}{})$")",
                           word ? "|" : "", word ? word->text : "");
  return key;
}

template <typename Target>
Key<Target> size(const char* name, std::uint64_t Target::*member, const char* about, std::uint64_t least) {
  Key<Target> key{.name = name, .about = about, .unit_complaint = kNoUnit};
  key.read = [=](const toml::node& node, Target& target) -> std::string {
    if (const auto text = node.value<std::string>())
      if (const auto value = parse_size(*text); value && *value >= least) {
        target.*member = *value;
        return {};
      }
    if (const auto number = node.value_exact<std::int64_t>())
      return fmt::format("write {0} = \"{1}MiB\" or \"{1}KiB\"", name, *number);
    return fmt::format("a size like \"64MiB\", at least {}", format_size(least));
  };
  key.show = [=](const Target& target) { return quoted(format_size(target.*member)); };
  key.schema = R"("type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)$")";
  return key;
}

template <typename Target, typename Integer>
Key<Target> count(const char* name, Integer Target::*member, const char* about, std::int64_t least,
                  std::int64_t most) {
  Key<Target> key{.name = name, .about = about, .unit_complaint = "is out of range"};
  key.read = [=](const toml::node& node, Target& target) -> std::string {
    if (const auto value = node.value_exact<std::int64_t>(); value && *value >= least && *value <= most) {
      target.*member = static_cast<Integer>(*value);
      return {};
    }
    return fmt::format("a whole number from {} to {}", least, most);
  };
  key.show = [=](const Target& target) { return std::to_string(target.*member); };
  key.schema = fmt::format(R"("type": "integer", "minimum": {}, "maximum": {})", least, most);
  return key;
}

template <typename Target>
Key<Target> text(const char* name, std::string Target::*member, const char* about) {
  Key<Target> key{.name = name, .about = about};
  key.read = [=](const toml::node& node, Target& target) -> std::string {
    if (const auto value = node.value<std::string>();
        value && !value->empty() && value->find('\0') == std::string::npos) {
      target.*member = *value;
      return {};
    }
    return "a text in quotes";
  };
  key.show = [=](const Target& target) { return quoted(target.*member); };
  key.schema = R"("type": "string")";
  return key;
}

template <typename Target, typename Enum>
Key<Target> choice(const char* name, Enum Target::*member, const char* about,
                   std::vector<std::pair<std::string, Enum>> choices) {
  Key<Target> key{.name = name, .about = about};
  std::string all;
  for (const auto& [word, meaning] : choices) all += (all.empty() ? "\"" : ", \"") + word + "\"";
  key.read = [=](const toml::node& node, Target& target) -> std::string {
    const auto value = node.value<std::string>();
    for (const auto& [word, meaning] : choices)
      if (value == word) {
        target.*member = meaning;
        return {};
      }
    return "one of " + all;
  };
  key.show = [=](const Target& target) -> std::string {
    for (const auto& [word, meaning] : choices)
      if (target.*member == meaning) return quoted(word);
    return {};
  };
  key.schema = "\"enum\": [" + all + "]";
  return key;
}

// A port, and with it that it was asked for by number.
Key<Server> port(const char* name, std::uint16_t Server::*member, bool Server::*asked_for,
                 const char* about) {
  Key<Server> key{.name = name, .about = about, .unit_complaint = "is out of range"};
  key.read = [=](const toml::node& node, Server& server) -> std::string {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 0 || *value > 65535) return "a whole number from 0 (any free port) to 65535";
    server.*member = static_cast<std::uint16_t>(*value);
    server.*asked_for = true;
    return {};
  };
  key.show = [=](const Server& server) { return std::to_string(server.*member); };
  key.schema = R"("type": "integer", "minimum": 0, "maximum": 65535)";
  return key;
}

// Variables that change how libraries are loaded or memory is handed out would undo the sandbox's
// assumptions.
bool is_allowed_variable(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos && !name.starts_with("LD_") &&
         !name.starts_with("MALLOC_") && name != "GLIBC_TUNABLES";
}

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
    all += (all.empty() ? "{ " : ", ") + quoted(name) + " = " + quoted(value);
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
    if (!host || host->empty()) return "hosts = [\"coffee.example\"]";
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
  Key<Server> key = text("admin_token", &Server::admin_token,
                         "What admin clients have to send; without it the admin port stays on loopback.");
  key.read = read_token;
  key.secret = true;
  return key;
}

}  // namespace

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
      count("max_requests", &Function::max_requests, "Retire a worker after so many; 0: never.", 0,
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
       .schema = R"("type": "object", "additionalProperties": {"type": "string"})"},
  };
  return keys;
}

const std::vector<Key<Server>>& server_keys() {
  static const std::vector<Key<Server>> keys{
      text("host", &Server::host, "The address of the invoke port."),
      port("port", &Server::port, &Server::port_asked_for, "The invoke port; 0: any free one."),
      text("admin_host", &Server::admin_host,
           "The address of the admin port; beyond loopback it wants a token."),
      port("admin_port", &Server::admin_port, &Server::admin_port_asked_for,
           "The admin port; 0: any free one. By default the one after the invoke port."),
      token_key(),
      {.name = "hosts",
       .about = "Further names that clients may call this server by.",
       .read = read_hosts,
       .show = show_hosts,
       .schema = R"("type": "array", "items": {"type": "string"})"},
      size("max_body", &Server::max_body, "Of requests and answers.", 1),
      duration("drain", &Server::drain, "How long SIGTERM waits for what is under way."),
      choice<Server, IsolationWish>(
          "isolation", &Server::isolation, "How much of it there has to be.",
          {{"best", IsolationWish::best}, {"strict", IsolationWish::strict}, {"none", IsolationWish::none}}),
  };
  return keys;
}

}  // namespace coffees::config
