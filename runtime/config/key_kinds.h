// The kinds of keys there are: a duration, a size, a count, a text, a choice, a port. Each reads and shows
// one member of what it configures.
#pragma once

#include <fmt/format.h>

#include <optional>

#include "base/units.h"
#include "config/keys.h"

namespace coffees::config {

constexpr const char* kNoUnit = "has no unit";
constexpr const char* kHidden = "\"(hidden)\"";  ///< what is shown in place of a value of a hidden key

// A text as TOML writes it, on one line whatever is in it: it may become a key.
inline std::string quoted(const std::string& text) {
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

// About what parse_duration() reads, which also wants units from large to small. Backslashes as in JSON.
constexpr const char* kDurationPattern = R"(([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+)";

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
    return fmt::format("a duration like \"250ms\", \"3s\", \"5m\" or \"1h30m\"{}{}{}", word ? ", or \"" : "",
                       word ? word->text : "", word ? "\"" : "");
  };
  key.show = [=](const Target& target) { return quoted(format_duration(target.*member)); };
  key.schema = fmt::format(R"("type": "string", "pattern": "^({}{}{})$")", kDurationPattern, word ? "|" : "",
                           word ? word->text : "");
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
    return fmt::format("a size like \"64MiB\" or \"64M\", at least {}", format_size(least));
  };
  key.show = [=](const Target& target) { return quoted(format_size(target.*member)); };
  key.schema = R"("type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(B|[KMG]|[KMG]i?B)$")";
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
inline Key<Server> port(const char* name, std::uint16_t Server::*member, bool Server::*asked_for,
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

}  // namespace coffees::config
