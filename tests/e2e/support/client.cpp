#include "e2e/support/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <sstream>
#include <thread>
#include <utility>

namespace coffees::test {
namespace {

constexpr int kPatience = 20'000;  // milliseconds; only a hang takes that long

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

double Response::timing(const std::string& metric) const {
  const std::string all = header("server-timing");
  const std::size_t begin = all.find(metric + ";dur=");
  return begin == std::string::npos ? -1 : std::strtod(all.c_str() + begin + metric.size() + 5, nullptr);
}

Client::Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

bool Client::send(const std::string& bytes) const {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

void Client::shut_down_sending() const { ::shutdown(fd_, SHUT_WR); }

bool Client::fill(int limit_ms) {
  if (fd_ < 0) return false;
  pollfd item{fd_, POLLIN, 0};
  if (::poll(&item, 1, limit_ms) != 1) return false;
  std::array<char, 65536> bytes{};
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::string Client::receive_line() {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n")) == std::string::npos)
    if (!fill(kPatience)) return {};
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

Response Client::receive_head() {
  Response response;
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill(kPatience)) return response;
  std::istringstream lines(buffer_.substr(0, end + 2));
  std::string line;
  std::getline(lines, line);
  const int status = std::atoi(line.substr(9, 3).c_str());
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    response.headers[name] = line.substr(colon + 2);
  }
  buffer_.erase(0, end + 4);
  response.status = status;
  return response;
}

Response Client::receive(bool head) {
  Response response = receive_head();
  const int status = std::exchange(response.status, 0);  // until it is complete
  if (status == 0) return response;
  const std::string length = response.header("content-length");
  const std::size_t size = head || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size)
    if (!fill(kPatience)) return response;
  response.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  response.status = status;
  return response;
}

std::optional<std::string> Client::read_chunk(int limit_ms) {
  while (true) {
    const std::size_t line = buffer_.find("\r\n");
    if (line != std::string::npos) {
      const std::size_t size = std::stoul(buffer_, nullptr, 16);
      if (buffer_.size() >= line + 2 + size + 2) {
        std::string chunk = buffer_.substr(line + 2, size);
        buffer_.erase(0, line + 2 + size + 2);
        return chunk;
      }
    }
    if (!fill(limit_ms)) return std::nullopt;
  }
}

Response Client::request(const std::string& method, const std::string& target, const std::string& body,
                         const std::string& extra_headers) {
  const double begin = now();
  send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
       std::to_string(body.size()) + "\r\n" + extra_headers + "\r\n" + body);
  Response response = receive(method == "HEAD");
  response.seconds = now() - begin;
  return response;
}

bool Client::closed_by_server(int limit_ms) {
  const double end = now() + limit_ms / 1000.0;
  while (now() < end) {
    pollfd item{fd_, POLLIN, 0};
    if (::poll(&item, 1, 10) != 1) continue;
    std::array<char, 4096> bytes{};
    if (::recv(fd_, bytes.data(), bytes.size(), 0) <= 0) return true;
  }
  return false;
}

EventStream::EventStream(int admin_port, const std::string& query, const std::string& extra_headers)
    : client_(admin_port) {
  client_.send("GET /api/v1/events" + query + " HTTP/1.1\r\nHost: localhost\r\n" + extra_headers + "\r\n");
  status_ = client_.receive_head().status;
}

std::optional<ServerEvent> EventStream::next(int limit_ms) {
  while (status_ == 200) {
    const std::size_t end = text_.find("\n\n");
    if (end == std::string::npos) {
      const std::optional<std::string> chunk = client_.read_chunk(limit_ms);
      if (!chunk || chunk->empty()) return std::nullopt;
      text_ += *chunk;
      continue;
    }
    ServerEvent event;
    std::istringstream lines(text_.substr(0, end));
    text_.erase(0, end + 2);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.event = line.substr(7);
      if (line.starts_with("data: ")) event.data = nlohmann::json::parse(line.substr(6), nullptr, false);
    }
    if (!event.event.empty()) return event;
  }
  return std::nullopt;
}

Response get(int port, const std::string& target, const std::string& extra_headers) {
  Client client(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + extra_headers + "\r\n");
  return client.receive();
}

Response post(int port, const std::string& target, const std::string& body) {
  return Client(port).request("POST", target, body);
}

std::vector<Response> post_in_parallel(int port, const std::string& target, const std::string& body,
                                       int count) {
  std::vector<Response> responses(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  threads.reserve(responses.size());
  for (Response& response : responses) threads.emplace_back([&] { response = post(port, target, body); });
  for (std::thread& thread : threads) thread.join();
  return responses;
}

int count_status(const std::vector<Response>& responses, int status) {
  return static_cast<int>(std::count_if(responses.begin(), responses.end(),
                                        [status](const Response& r) { return r.status == status; }));
}

}  // namespace coffees::test
