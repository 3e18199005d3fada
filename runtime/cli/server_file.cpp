#include "cli/server_file.h"
#include "base/text.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/numbers.h"
#include "events/event_text.h"
#include "platform/identity.h"

namespace coffees::cli {
namespace {

constexpr std::size_t kLongestHost = 300;  // a name has at most 253 (RFC 1035 section 2.3.4), a port five

std::string server_file_path() {
  const std::string directory = platform::identity::runtime_directory();
  return directory.empty() ? directory : directory + "/coffees-server";
}

// A server that runs, or has run and was killed.
struct Entry {
  std::string url;
  std::string admin_url;
  int pid = 0;
  std::string token;
};

// The newest one first.
std::vector<Entry> running_servers(const std::string& path) {
  std::vector<Entry> entries;
  std::ifstream file(path);
  for (Entry entry; std::getline(file, entry.url) && std::getline(file, entry.admin_url);) {
    std::string line;
    std::getline(file, line);
    entry.pid = std::atoi(line.c_str());
    const std::size_t space = line.find(' ');
    entry.token = space == std::string::npos ? "" : line.substr(space + 1);
    if (platform::identity::process_exists(entry.pid)) entries.push_back(entry);
  }
  return entries;
}

bool keep(const std::string& path, const std::vector<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries)
    text += fmt::format("{}\n{}\n{}{}{}\n", entry.url, entry.admin_url, entry.pid,
                        entry.token.empty() ? "" : " ", entry.token);
  return platform::identity::write_private_file(path, text);
}

// Behind the last colon, unless that is one of a bare IPv6 address.
bool has_possible_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.ends_with(']')) return true;
  return parse_whole<std::uint16_t>(host.substr(colon + 1)).value_or(0) >= 1;
}

std::string named_server(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  if (const char* named = std::getenv("COFFEES_SERVER"); named != nullptr && *named != '\0') return named;
  const std::string path = server_file_path();
  const std::vector<Entry> running = path.empty() ? std::vector<Entry>() : running_servers(path);
  return running.empty() ? "http://127.0.0.1:2633" : running.front().url;
}

}  // namespace

ServerFile::ServerFile(const std::string& url, const std::string& admin_url, const std::string& token)
    : path_(server_file_path()) {
  if (path_.empty()) return;
  std::vector<Entry> entries = running_servers(path_);
  entries.insert(entries.begin(), Entry{url, admin_url, platform::identity::process(), token});
  if (!keep(path_, entries)) path_.clear();
}

ServerFile::~ServerFile() {
  if (path_.empty()) return;
  std::vector<Entry> entries = running_servers(path_);
  std::erase_if(entries, [](const Entry& entry) { return entry.pid == platform::identity::process(); });
  if (entries.empty())
    std::remove(path_.c_str());
  else
    keep(path_, entries);
}

std::optional<std::string> find_server(const std::string& wanted) {
  std::string url = named_server(wanted);
  while (url.ends_with('/')) url.pop_back();  // as it is copied from a browser
  // The library throws for other schemes, takes a path for a part of the host's name, and any number for a
  // port.
  const std::size_t scheme = url.find("://");
  const std::string_view host = std::string_view(url).substr(scheme == std::string::npos ? 0 : scheme + 3);
  const bool plain = (scheme == std::string::npos || url.starts_with("http://")) && !host.empty() &&
                     host.size() <= kLongestHost && host.find_first_of("/?#@ ") == std::string_view::npos &&
                     has_possible_port(host);
  if (plain && httplib::Client(url).is_valid()) return url;
  fmt::print(stderr, "error[E105]: '{}' is not the URL of a server\n  hint: --server http://127.0.0.1:2633\n",
             visible(url.size() <= kLongestHost ? url : url.substr(0, kLongestHost) + "..."));
  return std::nullopt;
}

namespace {
// Servers are written down by address.
std::string with_loopback_address(std::string url) {
  constexpr std::string_view name = "//localhost:";
  const std::size_t at = url.find(name);
  return at == std::string::npos ? url : url.replace(at, name.size(), "//127.0.0.1:");
}
}  // namespace

std::string written_token(const std::string& admin_url) {
  const std::string path = server_file_path();
  if (path.empty()) return {};
  for (const Entry& entry : running_servers(path))
    if (entry.admin_url == with_loopback_address(admin_url)) return entry.token;
  return {};
}

void print_no_server(const std::string& url, const std::string& why) {
  fmt::print(stderr, "error[E106]: no server answers at {}: {}\n  hint: start one with: coffees serve\n", url,
             why);
}

void print_no_server(const std::string& url, httplib::Error why) {
  switch (why) {
    case httplib::Error::Connection:
      return print_no_server(url, "no program listens there, or there is no such host");
    case httplib::Error::Read:
      return print_no_server(url, "it closed the connection, or took too long");
    default:
      return print_no_server(url, httplib::to_string(why));
  }
}

}  // namespace coffees::cli
