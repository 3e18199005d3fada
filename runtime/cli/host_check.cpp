#include "cli/host_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "base/units.h"
#include "platform/file.h"
#include "platform/identity.h"
#include "platform/syscall.h"

namespace coffees::cli {
namespace {

using platform::isolation::Level;

// systemd leaves these to programs (https://systemd.io/UIDS-GIDS): 60706 up to 61183, one per function.
constexpr std::uint32_t kFirstUser = 60706;
constexpr std::uint32_t kUsers = 478;
constexpr std::size_t kLongestEnvironment = 64 * 1024;

// What is wrong with one secret, or its value.
struct Secret {
  std::string value;
  std::string fault;
};

Secret read_secret(const config::SecretSource& source) {
  if (source.kind == config::SecretSource::Kind::variable) {
    const char* value = std::getenv(source.name.c_str());
    if (value == nullptr) return {{}, "the server's environment has no variable " + source.name};
    return {value, {}};
  }
  const platform::OpenedFile opened = platform::open_file(source.name);
  if (!opened.file) return {{}, source.name + " cannot be opened: " + platform::error_text(opened.error)};
  if (!opened.is_regular) return {{}, source.name + " is not a file"};
  std::optional<std::string> text = platform::read_whole(opened.file.get(), kLongestEnvironment);
  if (!text) return {{}, source.name + " is longer than " + format_size(kLongestEnvironment)};
  if (text->ends_with('\n')) text->pop_back();
  if (text->find('\0') != std::string::npos) return {{}, source.name + " holds a zero byte"};
  return {*text, {}};
}

class HostCheck {
 public:
  HostCheck(const config::Loaded& loaded, const HostFacts& host) : loaded_(loaded), host_(host) {}

  std::vector<config::Problem> run() {
    std::uint32_t index = 0;
    for (const config::Function& function : loaded_.config.functions) {
      const HandlerIdentity identity = handler_identity(index++, host_);
      for (const config::FileEntry& entry : function.files) check_file(function, entry, identity);
      check_secrets(function);
    }
    return std::move(problems_);
  }

 private:
  void problem(const config::Function& function, const char* key, const char* code, std::string what,
               std::string hint) {
    const std::string name = "functions." + function.name + "." + key;
    const auto value = std::find_if(loaded_.effective.begin(), loaded_.effective.end(),
                                    [&name](const config::Effective& one) { return one.key == name; });
    problems_.push_back({code, value == loaded_.effective.end() ? "" : value->origin,
                         fmt::format("[functions.{}] {}: {}", function.name, key, what), std::move(hint)});
  }

  void check_file(const config::Function& function, const config::FileEntry& entry,
                  const HandlerIdentity& identity) {
    const bool full = host_.level == Level::full;
    if (!full && entry.placed)
      return problem(function, "files", "E310",
                     fmt::format("{} cannot stand at {}: isolation level {} has no root of its own",
                                 entry.from, entry.to, platform::isolation::name_of(host_.level)),
                     "leave `to` out, then it stands in the current directory");
    const std::string fault = platform::why_no_access(entry.from, entry.write, identity.user, identity.group);
    if (fault.empty()) return;
    const std::string user = full ? fmt::format(" (user {} on the host)", identity.user) : "";
    problem(function, "files", "E311", fmt::format("{}: {}{}", entry.from, fault, user),
            entry.write ? "let that user write it (chown, chmod), or leave `write` out"
                        : "name an existing file or folder that the function's user may read");
  }

  void check_secrets(const config::Function& function) {
    std::size_t total = 0;
    for (const auto& [name, value] : function.env) total += name.size() + value.size() + 2;
    for (const auto& [name, source] : function.secrets) {
      const Secret secret = read_secret(source);
      if (!secret.fault.empty())
        problem(function, "secrets", "E312", fmt::format("{}: {}", name, secret.fault),
                "{ file = \"...\" } is relative to the folder of coffees.toml, { env = \"...\" } is a "
                "variable of `coffees "
                "serve`");
      total += name.size() + secret.value.size() + 2;
    }
    if (total > kLongestEnvironment)
      problem(function, "secrets", "E312", "env and secrets together are longer than 64 KiB",
              "hand long values over as files = [...]");
  }

  const config::Loaded& loaded_;
  const HostFacts& host_;
  std::vector<config::Problem> problems_;
};

// "a, b": the functions for which `asked` holds.
template <typename Asked>
std::string names_where(const config::Config& configuration, Asked asked) {
  std::string names;
  for (const config::Function& function : configuration.functions)
    if (asked(function)) names += (names.empty() ? "" : ", ") + function.name;
  return names;
}

}  // namespace

HandlerIdentity handler_identity(std::uint32_t index, const HostFacts& host) {
  if (platform::identity::is_root() && host.level == Level::full)
    return {kFirstUser + index % kUsers, kFirstUser + index % kUsers};
  return {platform::identity::user(), platform::identity::group()};
}

std::vector<config::Problem> problems_here(const config::Loaded& loaded, const HostFacts& host) {
  return HostCheck(loaded, host).run();
}

std::map<std::string, std::string> secret_values(const config::Function& function) {
  std::map<std::string, std::string> values;
  for (const auto& [name, source] : function.secrets)
    if (Secret secret = read_secret(source); secret.fault.empty()) values[name] = std::move(secret.value);
  return values;
}

std::vector<Feature> features_asked_for(const config::Config& configuration, const HostFacts& host) {
  using config::Function;
  const bool full = host.level == Level::full;
  const std::string level = fmt::format(" (level {})", platform::isolation::name_of(host.level));
  std::vector<Feature> features;
  const auto add = [&](const char* name, const std::string& who, const std::string& done,
                       const std::string& off) {
    if (!who.empty()) features.push_back({name, full, full ? who + ": " + done : off + level});
  };
  add("files", names_where(configuration, [](const Function& f) { return !f.files.empty(); }),
      "bind mounts, read-only unless write = true; nothing writable can be executed",
      "files: read-only not enforced: symbolic links to the host's own files");
  add("network host",
      names_where(configuration, [](const Function& f) { return f.network == config::NetworkKind::host; }),
      "no network namespace: reaches what the server reaches, its ports, and abstract Unix sockets",
      "network: every function has the host's");
  add("programs", names_where(configuration, [](const Function& f) { return f.programs; }),
      "/usr/bin and /bin read-only, no set-user-id", "programs: all of the host's are visible");
  add("private /dev/shm", names_where(configuration, [](const Function& f) { return f.shm > 0; }),
      "tmpfs per worker, gone with it", "shm: the host's /dev/shm, size not enforced");
  return features;
}

}  // namespace coffees::cli
