#include "street/outside_service.h"

#include <fmt/format.h>
#include <httplib.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <thread>

namespace lunch {
namespace {

namespace http = boost::beast::http;

constexpr int kPieces = 4;
constexpr int kNumbersInPiece = 25;

void reply(const httplib::Request& request, httplib::Response& response) {
  std::this_thread::sleep_for(takes(1));
  response.set_content("reply " + request.matches[1].str(), "text/plain");
}

// 1 to 100.
void bill(const httplib::Request&, httplib::Response& response) {
  response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
    for (int piece = 0; piece < kPieces; ++piece) {
      std::this_thread::sleep_for(takes(1.0 / kPieces));
      std::string numbers;
      for (int i = 1; i <= kNumbersInPiece; ++i) numbers += fmt::format("{}\n", piece * kNumbersInPiece + i);
      if (!sink.write(numbers.data(), numbers.size())) return false;
    }
    sink.done();
    return true;
  });
}

void serve(ProcessQueue<int>& listening_on) {
  httplib::Server server;
  server.Get(R"(/reply/(\d+))", reply);
  server.Get("/bill", bill);
  listening_on.push(server.bind_to_any_port("127.0.0.1"));
  server.listen_after_bind();
}

std::runtime_error no_answer(const std::string& target, const std::string& why) {
  return std::runtime_error("no answer to " + target + ": " + why);
}

}  // namespace

OutsideService::OutsideService() {
  ProcessQueue<int> listening_on;
  process_.start([&listening_on] { serve(listening_on); });
  port_ = listening_on.pop(process_);
  if (port_ <= 0) throw std::runtime_error("the outside service found no free port");
}

std::string ask(int port, const std::string& target) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(std::chrono::seconds(10) + takes(10));
  const httplib::Result answer = client.Get(target);
  if (!answer) throw no_answer(target, httplib::to_string(answer.error()));
  if (answer->status != 200) throw no_answer(target, fmt::format("status {}", answer->status));
  return answer->body;
}

Task<std::string> ask_async(int port, std::string target) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  const asio::ip::tcp::endpoint service(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
  co_await socket.async_connect(service, asio::use_awaitable);
  http::request<http::empty_body> request(http::verb::get, target, 11);
  request.set(http::field::host, "127.0.0.1");
  co_await http::async_write(socket, request, asio::use_awaitable);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> answer;
  co_await http::async_read(socket, buffer, answer, asio::use_awaitable);
  if (answer.result() != http::status::ok)
    throw no_answer(target, fmt::format("status {}", answer.result_int()));
  co_return answer.body();
}

}  // namespace lunch
