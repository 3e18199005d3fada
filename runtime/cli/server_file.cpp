#include "cli/server_file.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "events/event_text.h"
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

std::string named_server(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  if (const char* named = std::getenv("COFFEES_SERVER"); named != nullptr && *named != '\0') return named;
  const std::string path = server_file_path();
  const std::string kept = path.empty() ? path : first_line(path);
  return kept.empty() ? "http://127.0.0.1:2633" : kept;
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

std::optional<std::string> find_server(const std::string& wanted) {
  std::string url = named_server(wanted);
  while (url.ends_with('/')) url.pop_back();  // as it is copied from a browser
  // The library throws for other schemes, and takes a path for a part of the host's name.
  const std::size_t scheme = url.find("://");
  const std::string_view host = std::string_view(url).substr(scheme == std::string::npos ? 0 : scheme + 3);
  const bool plain = (scheme == std::string::npos || url.starts_with("http://")) && !host.empty() &&
                     host.find_first_of("/?#@ ") == std::string_view::npos;
  if (plain && httplib::Client(url).is_valid()) return url;
  fmt::print(stderr, "error[E105]: '{}' is no server's URL\n  hint: --server http://127.0.0.1:2633\n",
             events::visible(url));
  return std::nullopt;
}

void print_no_server(const std::string& url, const std::string& why) {
  fmt::print(stderr, "error[E106]: no server answers at {}: {}\n  hint: start one with: coffees serve\n", url,
             why);
}

void print_no_server(const std::string& url, httplib::Error why) {
  switch (why) {
    case httplib::Error::Connection:
      return print_no_server(url, "nobody listens there");
    case httplib::Error::Read:
      return print_no_server(url, "it has closed the connection, or takes too long");
    default:
      return print_no_server(url, httplib::to_string(why));
  }
}

}  // namespace coffees::cli
