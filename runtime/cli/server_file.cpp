#include "cli/server_file.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "platform/identity.h"

namespace coffees::cli {
namespace {

std::string server_file_path() {
  const std::string directory = platform::identity::runtime_directory();
  return directory.empty() ? directory : directory + "/coffees-server";
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

ServerFile::ServerFile(std::string url, const std::string& admin_url)
    : path_(server_file_path()), url_(std::move(url)) {
  if (!path_.empty() && !platform::identity::write_private_file(path_, url_ + "\n" + admin_url + "\n"))
    path_.clear();
}

ServerFile::~ServerFile() {
  if (!path_.empty() && first_line(path_) == url_) std::remove(path_.c_str());
}

std::string find_server(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  if (const char* named = std::getenv("COFFEES_SERVER"); named != nullptr && *named != '\0') return named;
  const std::string path = server_file_path();
  const std::string kept = path.empty() ? path : first_line(path);
  return kept.empty() ? "http://127.0.0.1:2633" : kept;
}

}  // namespace coffees::cli
