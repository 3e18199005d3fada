// An HTTP client that sends exactly the bytes it is given: what a library would repair is what these tests
// are about.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace coffees::test {

/// One response. Status 0: the connection ended before one was complete.
struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  double seconds = 0;  ///< from sending the request to the last byte of the response

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  /// The duration of one Server-Timing metric in milliseconds, -1 when it is not there.
  [[nodiscard]] double timing(const std::string& metric) const;
};

/// One TCP connection to a server on this machine.
class Client {
 public:
  explicit Client(int port);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Sends raw bytes. Returns false when the server has closed.
  bool send(const std::string& bytes) const;
  /// No more bytes from us; answers can still be read.
  void shut_down_sending() const;
  /// Reads one response; `head` is the answer to HEAD, which has no body.
  Response receive(bool head = false);
  /// A request with these pieces, and its response.
  Response request(const std::string& method, const std::string& target, const std::string& body = {},
                   const std::string& extra_headers = {});
  /// True when the server closes the connection within `limit_ms`.
  bool closed_by_server(int limit_ms = 3000);

 private:
  bool fill(int limit_ms);

  int fd_ = -1;
  std::string buffer_;
};

/// A POST on a connection of its own.
Response post(int port, const std::string& target, const std::string& body = {});
/// `count` POSTs at the same time, each on a connection and a thread of its own.
std::vector<Response> post_in_parallel(int port, const std::string& target, const std::string& body,
                                       int count);
/// How many of these have that status.
int count_status(const std::vector<Response>& responses, int status);

}  // namespace coffees::test
