// A real `coffees serve`, started for one test and gone with it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace coffees::test {

/// Runs `coffees` with these arguments to its end. `environment`: NAME=VALUE on top of our own.
struct CommandResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};
CommandResult run_coffees(const std::vector<std::string>& arguments, const std::string& input = {},
                          const std::vector<std::string>& environment = {});

/// A directory of its own under /tmp, gone with this.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// All that is in a file.
std::string read_file(const std::string& path);
/// Whether a recording (JSON Lines of events) names request `id` and the end of an invocation.
bool is_finished_in(const std::string& recording, const std::string& id);

/// The path of a menu or fixture library, and a [functions] table for it.
std::string menu(const std::string& name);
std::string fixture(const std::string& name);
std::string function(const std::string& name, const std::string& library, const std::string& keys = {});

/// A server on a free port, of a configuration file with this text unless `flags` name another one by
/// --config. The constructor returns when it is ready; the destructor kills it if it still runs.
class Server {
 public:
  explicit Server(const std::string& configuration, std::vector<std::string> flags = {},
                  const std::vector<std::string>& environment = {});
  /// The same, with a standard error that nobody reads any more.
  struct Unread {};
  Server(const std::string& configuration, Unread);
  /// The same, with so many descriptors at most (RLIMIT_NOFILE).
  struct OpenFiles {
    unsigned count;
  };
  Server(const std::string& configuration, OpenFiles most);
  /// As a user of another number (only for root): with copies of the programs that every user may read.
  struct AsUser {
    explicit AsUser(unsigned user) : number(user) {}
    unsigned number;
  };
  Server(const std::string& configuration, AsUser user, std::vector<std::string> flags = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int admin_port() const { return admin_port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }  ///< of its coffees.toml
  [[nodiscard]] const std::string& level() const { return level_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  void signal(int number) const;
  /// Waits for its end; returns its exit code, or minus the signal that ended it.
  int wait();
  /// What it has written to standard error so far.
  [[nodiscard]] std::string errors() const;

  /// All processes that the server started, directly or not, by host pid.
  [[nodiscard]] std::vector<pid_t> descendants() const;
  /// The workers among them, and the zygotes.
  [[nodiscard]] std::vector<pid_t> workers() const { return children_of_inits(true); }
  [[nodiscard]] std::vector<pid_t> zygotes() const { return children_of_inits(false); }

 private:
  [[nodiscard]] std::vector<pid_t> children_of_inits(bool workers) const;
  void launch(const std::string& configuration, std::vector<std::string> flags, int errors_end,
              const std::vector<std::string>& environment = {}, unsigned open_files = 0, unsigned user = 0);

  pid_t pid_ = -1;
  int port_ = 0;
  int admin_port_ = 0;
  std::string level_;
  std::string directory_;
};

/// Which of these processes are still there (zombies do not count).
std::vector<pid_t> alive(const std::vector<pid_t>& processes);

/// The sessions (setsid(2)) of these processes.
std::vector<pid_t> sessions_of(const std::vector<pid_t>& processes);
/// Whether any process of these sessions is there at one of many looks: one that hops from pid to pid is
/// easily missed.
bool seen_in_sessions(const std::vector<pid_t>& sessions);

/// Waits until `condition` holds, looking every millisecond, `limit_ms` at most. For facts that the kernel
/// brings about.
template <typename Condition>
bool eventually(Condition condition, int limit_ms = 5000);

void sleep_ms(int milliseconds);

template <typename Condition>
bool eventually(Condition condition, int limit_ms) {
  for (int waited = 0; waited < limit_ms; ++waited) {
    if (condition()) return true;
    sleep_ms(1);
  }
  return condition();
}

}  // namespace coffees::test
