#include "street/coffees_server.h"

#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace lunch {
namespace {

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& arguments, int output) {
  std::vector<std::string> words{program, "serve", "--port", "0", "--json", "--quiet"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::execv(program.c_str(), pointers.data());
  throw std::runtime_error("cannot run " + program + ": say where coffees is with --coffees PATH");
}

}  // namespace

CoffeesServer::CoffeesServer(const std::string& program, const std::vector<std::string>& arguments) {
  process_.start([&] { become(program, arguments, output_.writing_end()); });
  output_.close_writing_end();
  std::string line;
  for (char byte = 0; byte != '\n'; line += byte)
    if (!output_.read(&byte, 1)) throw std::runtime_error("coffees serve has ended before it was ready");
  const auto ready = nlohmann::json::parse(line);
  port_ = ready.at("port");
  admin_port_ = ready.at("admin_port");
}

CoffeesServer::~CoffeesServer() { process_.ask_to_stop(); }

}  // namespace lunch
