#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/function_name.h"
#include "config/read_table.h"

namespace coffees::config {
std::string Problem::text() const {
  std::string text = fmt::format("error[{}]: {}{}{}", code, where, where.empty() ? "" : ": ", what);
  if (!hint.empty()) text += "\n  hint: " + hint;
  return text;
}

namespace {

// A parser's description without what it quotes of the file, which may be a secret: what it expected and the
// names of keys stay.
std::string without_values(std::string_view description) {
  description = description.substr(0, description.find(", saw "));
  std::string out;
  while (true) {
    const std::size_t begin = description.find('\'');
    const std::size_t end = begin == std::string_view::npos ? begin : description.find('\'', begin + 1);
    if (end == std::string_view::npos) return out.append(description);
    const std::string_view before = description.substr(0, begin);
    const bool is_grammar = before.ends_with("expected ") || before.ends_with("closing ") ||
                            before.find("existing ") != std::string_view::npos;
    out.append(before).append(is_grammar ? description.substr(begin, end + 1 - begin) : "(hidden)");
    description.remove_prefix(end + 1);
  }
}

}  // namespace

Loaded load_text(const std::string& text, const std::string& name, const std::string& directory,
                 const std::vector<Override>& overrides) {
  try {
    return read_table(toml::parse(text, name), name, directory, overrides);
  } catch (const toml::parse_error& error) {
    return {{},
            {{"E301", fmt::format("{}:{}:{}", name, error.source().begin.line, error.source().begin.column),
              without_values(error.description()), "the format is TOML: https://toml.io"}},
            {}};
  }
}

Loaded load_file(const std::string& path, const std::vector<Override>& overrides) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || std::filesystem::is_directory(path) || (text << file.rdbuf(), file.bad()))
    return {
        {}, {{"E300", path, "this configuration file cannot be read", "name another one with --config"}}, {}};
  return load_text(text.str(), path, std::filesystem::path(path).parent_path().string(), overrides);
}

namespace {
// KEY=VALUE without its --set looks like a file name, and the value may be a secret.
std::string without_value(const std::string& path) {
  const std::size_t equals = path.find('=');
  return equals == std::string::npos ? path : path.substr(0, equals) + "=...";
}
}  // namespace

Loaded from_libraries(const std::vector<std::string>& paths, const std::vector<Override>& overrides) {
  toml::table functions;
  for (const std::string& path : paths) {
    const std::string name = std::filesystem::path(path).stem().string();
    if (!is_function_name(name))
      return {{},
              {{"E304", without_value(path), "this file's name cannot be a function's name",
                "name it in a coffees.toml; a key is set with --set KEY=VALUE"}},
              {}};
    if (!functions.insert(name, toml::table{{"path", path}}).second)
      return {{},
              {{"E304", path, "the function '" + name + "' is already defined by another library",
                "name both in a coffees.toml"}},
              {}};
  }
  return read_table(toml::table{{"functions", functions}}, "command line", "", overrides);
}

std::string digest(const std::vector<Effective>& effective) {
  // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv): tells configurations apart, protects nothing.
  std::uint64_t hash = 14695981039346656037ULL;
  for (const Effective& value : effective) {
    if (!value.no_effect.empty()) continue;
    for (const char c : value.key + "=" + value.value + "\n") {
      hash ^= static_cast<unsigned char>(c);
      hash *= 1099511628211ULL;
    }
  }
  return fmt::format("{:016x}", hash);
}

bool is_loopback(const std::string& host) {
  // A name may begin with 127. as well, and lead anywhere.
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace coffees::config
