// An HTTP client that sends exactly the bytes it is given: what a library would repair is what these tests
// are about.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
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

  /// One line, without its end; empty when the connection ends before.
  std::string receive_line();
  /// The head of a response alone; what follows is read by read_chunk().
  Response receive_head();
  /// One chunk (RFC 9112 section 7.1); nothing when none comes within `limit_ms`, empty at the end.
  std::optional<std::string> read_chunk(int limit_ms);

 private:
  bool fill(int limit_ms);

  int fd_ = -1;
  std::string buffer_;
};

/// A GET on a connection of its own.
Response get(int port, const std::string& target, const std::string& extra_headers = {});
/// A POST on a connection of its own.
Response post(int port, const std::string& target, const std::string& body = {});
/// `count` POSTs at the same time, each on a connection and a thread of its own.
std::vector<Response> post_in_parallel(int port, const std::string& target, const std::string& body,
                                       int count);
/// How many of these have that status.
int count_status(const std::vector<Response>& responses, int status);

/// One Server-Sent Event.
struct ServerEvent {
  std::string id;
  std::string event;
  nlohmann::json data;
};

/// A client of GET /api/v1/events.
class EventStream {
 public:
  /// `query` begins with "?" or is empty. status() is not 200 when there is no stream.
  explicit EventStream(int admin_port, const std::string& query = {}, const std::string& extra_headers = {});

  [[nodiscard]] int status() const { return status_; }
  /// The next event; nothing when none comes within `limit_ms`, or the stream has ended.
  std::optional<ServerEvent> next(int limit_ms = 5000);
  /// Reads until `is_last(event)` holds; returns all that came, that one included.
  template <typename IsLast>
  std::vector<ServerEvent> until(IsLast is_last) {
    std::vector<ServerEvent> all;
    while (std::optional<ServerEvent> event = next()) {
      all.push_back(std::move(*event));
      if (is_last(all.back())) break;
    }
    return all;
  }

 private:
  Client client_;
  int status_ = 0;
  std::string text_;
};

}  // namespace coffees::test
