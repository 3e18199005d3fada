#include "e2e/support/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "e2e/support/program_under_test.h"

namespace coffees::test {
namespace {

// Starts coffees with standard output on a pipe and standard error in a file. Returns the pid; `out` is the
// pipe's reading end.
pid_t start(const std::vector<std::string>& arguments, int errors, int& out, int input = -1,
            const std::vector<std::string>& environment = {}, unsigned open_files = 0,
            const std::string& program = program_under_test(), unsigned user = 0) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  // Made before the fork: the child of a program with threads must not take memory.
  std::vector<char*> variables;
  variables.reserve(environment.size());
  for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
  for (char** inherited = environ; *inherited != nullptr; ++inherited) {
    const std::string_view text = *inherited;
    const auto is_replaced = [name = text.substr(0, text.find('=') + 1)](const std::string& variable) {
      return variable.starts_with(name);
    };
    if (std::none_of(environment.begin(), environment.end(), is_replaced)) variables.push_back(*inherited);
  }
  variables.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(pipe_ends[1], 1);
    ::dup2(errors, 2);
    if (input >= 0) ::dup2(input, 0);
    const rlimit most{open_files, open_files};
    if (open_files > 0) ::setrlimit(RLIMIT_NOFILE, &most);
    if (user != 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
                      ::setresuid(user, user, user) != 0))
      ::_exit(126);
    ::execve(argv[0], argv.data(), variables.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  ::close(errors);
  out = pipe_ends[0];
  return pid;
}

int open_errors(const std::string& directory) {
  return ::open((directory + "/err").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = ::read(fd, buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  ::close(fd);
  return text;
}

std::string temporary_directory() {
  std::string path = "/tmp/coffees-test-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
  return path;
}

struct Process {
  pid_t parent = 0;
  char state = '?';
  std::string name;
  int namespaces = 1;  ///< how deep its PID namespace is
};

// Reads /proc/PID/status; name empty when the process is gone.
Process process(pid_t pid) {
  Process found;
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "Name:") words >> found.name;
    if (key == "State:") words >> found.state;
    if (key == "PPid:") words >> found.parent;
    if (key == "NSpid:") {
      int count = 0;
      for (pid_t number = 0; words >> number;) ++count;
      found.namespaces = count;
    }
  }
  return found;
}

std::map<pid_t, Process> all_processes() {
  std::map<pid_t, Process> all;
  DIR* directory = ::opendir("/proc");
  while (const dirent* entry = ::readdir(directory)) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    Process found = process(pid);
    if (!found.name.empty() && found.state != 'Z') all[pid] = std::move(found);
  }
  ::closedir(directory);
  return all;
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool is_finished_in(const std::string& recording, const std::string& id) {
  const std::string text = read_file(recording);
  return text.find("invocation.finished") != std::string::npos && text.find(id) != std::string::npos;
}

TemporaryDirectory::TemporaryDirectory() : path_(temporary_directory()) {}
TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

void sleep_ms(int milliseconds) { ::usleep(static_cast<useconds_t>(milliseconds) * 1000); }

std::string menu(const std::string& name) { return std::string(COFFEES_MENU_DIRECTORY) + "/" + name + ".so"; }
std::string fixture(const std::string& name) {
  return std::string(COFFEES_FIXTURE_DIRECTORY) + "/" + name + ".so";
}
std::string function(const std::string& name, const std::string& library, const std::string& keys) {
  return "[functions." + name + "]\npath = \"" + library + "\"\n" + keys + "\n";
}

CommandResult run_coffees(const std::vector<std::string>& arguments, const std::string& input,
                          const std::vector<std::string>& environment) {
  const std::string directory = temporary_directory();
  int in = -1;
  if (!input.empty()) {
    std::ofstream(directory + "/in", std::ios::binary) << input;
    in = ::open((directory + "/in").c_str(), O_RDONLY | O_CLOEXEC);
  }
  CommandResult result;
  int out = -1;
  const pid_t pid = start(arguments, open_errors(directory), out, in, environment);
  if (in >= 0) ::close(in);
  result.out = read_all(out);
  int status = 0;
  ::waitpid(pid, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  result.err = read_file(directory + "/err");
  std::filesystem::remove_all(directory);
  return result;
}

Server::Server(const std::string& configuration, std::vector<std::string> flags,
               const std::vector<std::string>& environment)
    : directory_(temporary_directory()) {
  launch(configuration, std::move(flags), open_errors(directory_), environment);
}

Server::Server(const std::string& configuration, OpenFiles most) : directory_(temporary_directory()) {
  launch(configuration, {}, open_errors(directory_), {}, most.count);
}

Server::Server(const std::string& configuration, Unread) : directory_(temporary_directory()) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  ::close(ends[0]);
  launch(configuration, {}, ends[1]);
}

Server::Server(const std::string& configuration, AsUser user, std::vector<std::string> flags)
    : directory_(temporary_directory()) {
  namespace fs = std::filesystem;
  fs::permissions(directory_, fs::perms(0755));
  for (const char* program : {"coffees", "coffees-worker"})
    fs::copy_file(fs::path(program_under_test()).parent_path() / program, directory_ + "/" + program);
  launch(configuration, std::move(flags), open_errors(directory_), {"XDG_RUNTIME_DIR="}, 0, user.number);
}

void Server::launch(const std::string& configuration, std::vector<std::string> flags, int errors_end,
                    const std::vector<std::string>& environment, unsigned open_files, unsigned user) {
  const std::string file = directory_ + "/coffees.toml";
  std::ofstream(file) << configuration;
  if (std::find(flags.begin(), flags.end(), "--config") == flags.end())
    flags.insert(flags.begin(), {"--config", file});
  flags.insert(flags.begin(), {"serve", "--json", "--port", "0"});
  int out = -1;
  const std::string program = user != 0 ? directory_ + "/coffees" : program_under_test();
  pid_ = start(flags, errors_end, out, -1, environment, open_files, program, user);
  std::string line;
  char c = 0;
  while (::read(out, &c, 1) == 1 && c != '\n') line += c;
  ::close(out);
  if (line.empty()) throw std::runtime_error("the server did not start: " + errors());
  const auto ready = nlohmann::json::parse(line);
  port_ = ready["port"];
  admin_port_ = ready["admin_port"];
  level_ = ready["isolation"];
}

Server::~Server() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  std::filesystem::remove_all(directory_);
}

void Server::signal(int number) const { ::kill(pid_, number); }

int Server::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string Server::errors() const { return read_file(directory_ + "/err"); }

std::vector<pid_t> Server::descendants() const {
  const std::map<pid_t, Process> all = all_processes();
  std::vector<pid_t> found;
  for (const auto& [pid, information] : all) {
    pid_t ancestor = information.parent;
    while (ancestor > 1 && ancestor != pid_ && all.contains(ancestor)) ancestor = all.at(ancestor).parent;
    if (ancestor == pid_) found.push_back(pid);
  }
  return found;
}

// The children of the functions' inits: workers, which lead a process group or are PID 1 of a namespace of
// their own, and zygotes, which are neither.
std::vector<pid_t> Server::children_of_inits(bool workers) const {
  const int depth = process(pid_).namespaces;
  std::vector<pid_t> found;
  for (const pid_t pid : descendants()) {
    const Process information = process(pid);
    if (information.parent == pid_ || process(information.parent).parent != pid_) continue;
    const bool is_worker = level_ == "full" ? information.namespaces == depth + 2 : ::getpgid(pid) == pid;
    if (is_worker == workers) found.push_back(pid);
  }
  return found;
}

std::vector<pid_t> sessions_of(const std::vector<pid_t>& processes) {
  std::vector<pid_t> found;
  for (const pid_t pid : processes)
    if (const pid_t session = ::getsid(pid); session > 0) found.push_back(session);
  return found;
}

bool seen_in_sessions(const std::vector<pid_t>& sessions) {
  for (int look = 0; look < 50; ++look)
    for (const auto& [pid, information] : all_processes())
      if (std::find(sessions.begin(), sessions.end(), ::getsid(pid)) != sessions.end()) return true;
  return false;
}

std::vector<pid_t> alive(const std::vector<pid_t>& processes) {
  std::vector<pid_t> found;
  for (const pid_t pid : processes) {
    const Process information = process(pid);
    if (!information.name.empty() && information.state != 'Z') found.push_back(pid);
  }
  return found;
}

}  // namespace coffees::test
