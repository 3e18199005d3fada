// The small file by which clients of the same user find a running server.
#pragma once

#include <httplib.h>

#include <optional>
#include <string>

namespace coffees::cli {

/// Names the running servers of a user, three lines each: the URL of the invoke port, that of the admin port,
/// and the process, followed by the admin port's token if the server has made one. Mode 0600. The newest
/// comes first, and is found; when it ends, the one before it. Removed with the last one.
class ServerFile {
 public:
  /// `token`: empty unless the server has made one.
  ServerFile(const std::string& url, const std::string& admin_url, const std::string& token);
  ServerFile(const ServerFile&) = delete;
  ServerFile& operator=(const ServerFile&) = delete;
  ~ServerFile();

  /// Where it lies; empty when it could not be written.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The URL of the server to talk to: `wanted` if not empty, else $COFFEES_SERVER, else the server file, else
/// the default. Nothing, said on standard error, when that is no URL of a server.
std::optional<std::string> find_server(const std::string& wanted);

/// The token that the running server with this admin port has made and written down; empty when there is
/// none.
std::string written_token(const std::string& admin_url);

/// Says on standard error that no server answers there, and what to do.
void print_no_server(const std::string& url, httplib::Error why);
void print_no_server(const std::string& url, const std::string& why);

}  // namespace coffees::cli
