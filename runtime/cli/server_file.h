// The small file by which clients of the same user find a running server.
#pragma once

#include <httplib.h>

#include <optional>
#include <string>

namespace coffees::cli {

/// Written while a server runs: the URL of its invoke port, and that of its admin port in a second line. The
/// newest server of a user wins. Removed at the end if it is still its own.
class ServerFile {
 public:
  ServerFile(std::string url, const std::string& admin_url);
  ServerFile(const ServerFile&) = delete;
  ServerFile& operator=(const ServerFile&) = delete;
  ~ServerFile();

 private:
  std::string path_;
  std::string url_;
};

/// The URL of the server to talk to: `wanted` if not empty, else $COFFEES_SERVER, else the server file, else
/// the default. Nothing, said on standard error, when that is no URL of a server.
std::optional<std::string> find_server(const std::string& wanted);

/// Says on standard error that nobody answers there, and what to do.
void print_no_server(const std::string& url, httplib::Error why);
void print_no_server(const std::string& url, const std::string& why);

}  // namespace coffees::cli
