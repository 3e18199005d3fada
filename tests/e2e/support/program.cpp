#include "e2e/support/program.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "e2e/support/program_under_test.h"

namespace coffees::test {
namespace {

// A process of its own session; `output` is what it prints. In the child returns 0.
pid_t fork_with(Program::Terminal terminal, int& output) {
  if (terminal == Program::Terminal::own) return ::forkpty(&output, nullptr, nullptr, nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setsid();
    ::dup2(ends[1], 1);
    return 0;
  }
  ::close(ends[1]);
  output = ends[0];
  return pid;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, Terminal terminal, const std::string& directory) {
  std::vector<std::string> all{program_under_test(), "serve", "--json", "--port", "0"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(all.size() + 1);
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int errors =
      ::open((directory_.path() + "/err").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  pid_ = fork_with(terminal, output_);
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    ::dup2(errors, 2);
    if (::chdir(directory.c_str()) == 0) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(errors);
  std::string line;
  char c = 0;
  while (::read(output_, &c, 1) == 1 && c != '\n') line += c;
  if (line.empty()) throw std::runtime_error("the server did not start: " + this->errors());
  const auto ready = nlohmann::json::parse(line);
  port_ = ready["port"];
  admin_port_ = ready["admin_port"];
}

Program::~Program() {
  close_terminal();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void Program::signal(int number) const { ::kill(pid_, number); }

void Program::close_terminal() {
  if (output_ >= 0) ::close(output_);
  output_ = -1;
}

int Program::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace coffees::test
