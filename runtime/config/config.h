// The whole configuration as one checked value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/defaults.h"
#include "scaler/snapshot.h"

namespace coffees::config {

using Duration = std::chrono::nanoseconds;

enum class StartMode {
  zygote,  ///< init runs once, workers are forked from it
  fresh,   ///< every worker loads and initialises the handler itself
};

/// What of a network a function reaches. An allow-list of targets would be a third kind.
enum class NetworkKind {
  none,  ///< a loopback interface of its own, shared by its workers
  host,  ///< what the server reaches
};

/// A file or folder of the host that a function sees.
struct FileEntry {
  std::string from;     ///< path on the host
  std::string to;       ///< absolute path inside
  bool placed = false;  ///< `to` was given
  bool write = false;
};

/// Where the value of a secret variable comes from; the value itself is in no Config.
struct SecretSource {
  enum class Kind { file, variable } kind = Kind::file;
  std::string name;  ///< of the file, or of the variable in the server's environment
};

/// One function. Defaults are the built-in ones; `[defaults]` and `[functions.NAME]` replace them in that
/// order.
struct Function {
  std::string name;
  std::string path;                       ///< of the handler library
  Duration timeout = defaults::kTimeout;  ///< of one invocation; negative: off
  Duration init_timeout = defaults::kInitTimeout;
  Duration keep_warm = scaler::Rules{}.keep_warm;  ///< how long an idle worker is kept; max(): forever
  std::uint32_t min_warm = 0;
  std::uint32_t limit = static_cast<std::uint32_t>(scaler::Rules{}.limit);
  std::uint32_t queue = 0;
  Duration queue_timeout = defaults::kQueueTimeout;
  std::uint64_t max_requests = 0;       ///< 0: never retired for it
  std::uint64_t memory = 128ULL << 20;  ///< bytes
  std::uint32_t processes = 32;
  std::uint64_t tmp = 64ULL << 20;  ///< bytes
  StartMode start = StartMode::zygote;
  bool reuse = true;
  std::map<std::string, std::string> env;
  std::vector<std::string> origins;  ///< whose web pages may call it, besides those of the server
  std::vector<FileEntry> files;
  NetworkKind network = NetworkKind::none;
  bool programs = false;
  std::uint64_t shm = 0;  ///< bytes; 0: no /dev/shm
  std::map<std::string, SecretSource> secrets;
};

enum class IsolationWish {
  best,    ///< as much as the host allows
  strict,  ///< everything, or do not start
  none,    ///< separate processes only
};

/// The lowest level of the server's own messages.
enum class LogLevel { debug, info, warning, error, off };

/// So many bodies of the greatest length fit into any memory budget: a request that has grown by doubling,
/// and its answer, in the three quarters that large ones may use of the invoke port's part.
constexpr std::uint64_t kBodiesInBudget = 4;

struct Server {
  std::string host = "127.0.0.1";
  bool host_asked_for = false;  ///< else ::1 is served as well, where there is IPv6
  std::uint16_t port = 2633;
  bool port_asked_for = false;  ///< then a taken port is an error, not a reason to take the next
  std::string admin_host = "127.0.0.1";
  std::uint16_t admin_port = 2634;
  bool admin_port_asked_for = false;
  std::string admin_token;                   ///< who may use the admin port; needed beyond loopback
  std::vector<std::string> hosts;            ///< further names that clients may call us by
  std::vector<std::string> origins;          ///< other origins whose web pages may call functions; "*": all
  std::vector<std::string> trusted_proxies;  ///< addresses and networks whose X-Forwarded-For is believed
  std::uint64_t max_body = defaults::kMaxBody;      ///< bytes, requests and answers
  std::uint64_t min_upload = defaults::kMinUpload;  ///< bytes a second
  std::uint64_t memory_budget = 0;  ///< bytes that requests and answers may take; 0: a quarter of the memory
  Duration linger = defaults::kLinger;  ///< how long a refused client may keep sending
  Duration drain{std::chrono::seconds(10)};
  IsolationWish isolation = IsolationWish::best;
  LogLevel log_level = LogLevel::info;
  std::string log_file;                                  ///< empty: the console alone
  std::uint64_t log_file_size = defaults::kLogFileSize;  ///< bytes
  std::uint32_t log_files = defaults::kLogFiles;         ///< older ones that are kept
};

struct Config {
  Server server;
  std::vector<Function> functions;  ///< sorted by name
};

/// One thing that is wrong with a configuration, as people read it.
struct Problem {
  std::string code;   ///< "E302"
  std::string where;  ///< "coffees.toml:7:11" or empty
  std::string what;
  std::string hint;

  /// "error[E302]: coffees.toml:7:11: what\n  hint: hint".
  [[nodiscard]] std::string text() const;
};

/// One value in effect, as `coffees config show` prints it.
struct Effective {
  std::string key;        ///< "functions.espresso.timeout"
  std::string value;      ///< as it would stand in coffees.toml; where it may be a secret, "(hidden)"
  std::string origin;     ///< "default", "coffees.toml:7:11", "--set", "environment COFFEES_...", "--port"
  std::string no_effect;  ///< why it says nothing beside the other values ("queue = 0 ..."); empty: it counts
};

/// A configuration, or everything that is wrong with it.
struct Loaded {
  Config config;
  std::vector<Problem> problems;
  std::vector<Effective> effective;  ///< every value there is, in the order of the keys
};

/// One value that replaces what a file says.
struct Override {
  std::string key;     ///< "server.port", "functions.hello.timeout", "functions.hello.env.NAME"
  std::string value;   ///< TOML; what is no TOML value counts as a text, so that 5s needs no quotes
  std::string origin;  ///< for messages and `config show`
};

/// Reads a coffees.toml; then `overrides` replace values, later ones win. Relative paths of handler libraries
/// count from the file's own directory. Never throws for what is in the file. `name` is how the file is
/// called in messages.
Loaded load_file(const std::string& path, const std::vector<Override>& overrides = {});
Loaded load_text(const std::string& text, const std::string& name, const std::string& directory,
                 const std::vector<Override>& overrides = {});

/// A configuration of these handler libraries alone, each named after its file.
Loaded from_libraries(const std::vector<std::string>& paths, const std::vector<Override>& overrides = {});

/// The overrides that environment variables stand for: COFFEES_SERVER__PORT is server.port, two underscores
/// for a dot. Names without two underscores mean other things. `variables`: name and value.
std::vector<Override> from_environment(const std::vector<std::pair<std::string, std::string>>& variables);

/// The JSON Schema (https://json-schema.org, 2020-12) of coffees.toml, for editors.
std::string schema();

/// Sixteen hexadecimal digits that differ when any value does that has an effect and is not hidden: nothing
/// about hidden ones can be found out from it.
std::string digest(const std::vector<Effective>& effective);

/// What a function's sandbox is opened to, to stand behind the level: ", network host, files 2", or empty.
std::string opened(const Function& function);

/// Whether only this machine can reach what listens on `host`.
bool is_loopback(const std::string& host);

}  // namespace coffees::config
