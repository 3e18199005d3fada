#include "config/keys.h"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "config/units.h"

namespace coffees::config {
namespace {

constexpr const char* kNoUnit = "has no unit";

// "For ever" and "off" are words, because no number says them.
struct Word {
  const char* text;
  Duration value;
};

template <typename Target>
Key<Target> duration(const char* name, Duration Target::*member, std::optional<Word> word = {},
                     bool positive = false) {
  auto read = [=](const toml::node& node, Target& target) -> std::string {
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
  return {name, read, false, kNoUnit};
}

template <typename Target>
Key<Target> size(const char* name, std::uint64_t Target::*member, std::uint64_t least) {
  auto read = [=](const toml::node& node, Target& target) -> std::string {
    if (const auto text = node.value<std::string>())
      if (const auto value = parse_size(*text); value && *value >= least) {
        target.*member = *value;
        return {};
      }
    if (const auto number = node.value_exact<std::int64_t>())
      return fmt::format("write {0} = \"{1}MiB\" or \"{1}KiB\"", name, *number);
    return fmt::format("a size like \"64MiB\", at least {}", format_size(least));
  };
  return {name, read, false, kNoUnit};
}

template <typename Target, typename Integer>
Key<Target> count(const char* name, Integer Target::*member, std::int64_t least, std::int64_t most) {
  auto read = [=](const toml::node& node, Target& target) -> std::string {
    if (const auto value = node.value_exact<std::int64_t>(); value && *value >= least && *value <= most) {
      target.*member = static_cast<Integer>(*value);
      return {};
    }
    return fmt::format("a whole number from {} to {}", least, most);
  };
  return {name, read, false, "is out of range"};
}

template <typename Target>
Key<Target> text(const char* name, std::string Target::*member, bool only_per_function = false) {
  auto read = [=](const toml::node& node, Target& target) -> std::string {
    if (const auto value = node.value<std::string>();
        value && !value->empty() && value->find('\0') == std::string::npos) {
      target.*member = *value;
      return {};
    }
    return "a text in quotes";
  };
  return {name, read, only_per_function};
}

template <typename Target, typename Enum>
Key<Target> choice(const char* name, Enum Target::*member,
                   std::vector<std::pair<std::string, Enum>> choices) {
  auto read = [=](const toml::node& node, Target& target) -> std::string {
    const auto value = node.value<std::string>();
    std::string all;
    for (const auto& [word, meaning] : choices) {
      if (value == word) {
        target.*member = meaning;
        return {};
      }
      all += (all.empty() ? "\"" : ", \"") + word + "\"";
    }
    return "one of " + all;
  };
  return {name, read};
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

std::string read_reuse(const toml::node& node, Function& function) {
  const auto value = node.value_exact<bool>();
  if (!value) return "true or false";
  function.reuse = *value;
  return {};
}

std::string read_hosts(const toml::node& node, Server& server) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return "hosts = [\"coffee.example\"]";
  for (const toml::node& element : *array) {
    const auto host = element.value_exact<std::string>();
    if (!host || host->empty()) return "hosts = [\"coffee.example\"]";
    server.hosts.push_back(*host);
  }
  return {};
}

std::string read_port(const toml::node& node, Server& server) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < 0 || *value > 65535) return "a whole number from 0 (any free port) to 65535";
  server.port = static_cast<std::uint16_t>(*value);
  server.port_asked_for = true;
  return {};
}

// The admin port is not served yet; a configuration that names it stays valid.
std::string check_port(const toml::node& node, Server&) {
  const auto value = node.value_exact<std::int64_t>();
  return value && *value >= 0 && *value <= 65535 ? "" : "a whole number from 0 to 65535";
}

}  // namespace

const std::vector<Key<Function>>& function_keys() {
  static const std::vector<Key<Function>> keys{
      text("path", &Function::path, true),
      duration("timeout", &Function::timeout, Word{"off", Duration(-1)}, true),
      duration("init_timeout", &Function::init_timeout, {}, true),
      duration("keep_warm", &Function::keep_warm, Word{"forever", Duration::max()}),
      count("min_warm", &Function::min_warm, 0, 10'000),
      count("limit", &Function::limit, 1, 10'000),
      count("queue", &Function::queue, 0, 1'000'000),
      duration("queue_timeout", &Function::queue_timeout),
      count("max_requests", &Function::max_requests, 0, std::numeric_limits<std::int64_t>::max()),
      size("memory", &Function::memory, 8 << 20),
      count("processes", &Function::processes, 1, 10'000),
      size("tmp", &Function::tmp, 64 << 10),
      choice<Function, StartMode>("start", &Function::start,
                                  {{"zygote", StartMode::zygote}, {"fresh", StartMode::fresh}}),
      {"reuse", read_reuse},
      {"env", read_env},
  };
  return keys;
}

const std::vector<Key<Server>>& server_keys() {
  static const std::vector<Key<Server>> keys{
      text("host", &Server::host),
      {"port", read_port},
      {"admin_port", check_port},
      {"hosts", read_hosts},
      size("max_body", &Server::max_body, 1),
      duration("drain", &Server::drain),
      choice<Server, IsolationWish>(
          "isolation", &Server::isolation,
          {{"best", IsolationWish::best}, {"strict", IsolationWish::strict}, {"none", IsolationWish::none}}),
  };
  return keys;
}

}  // namespace coffees::config
