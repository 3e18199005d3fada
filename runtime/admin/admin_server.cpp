#include "admin/admin_server.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "admin/observer_threads.h"
#include "platform/listener.h"

namespace coffees::admin {
namespace {

constexpr std::size_t kThreads = EventStreams::kMost + 16;
constexpr int kBacklog = 1024;
constexpr std::size_t kLargestBody = 64 * 1024;

}  // namespace

AdminServer::AdminServer(GuardSettings guard) : guard_(std::move(guard)) {
  // SO_REUSEADDR alone: the library would also set SO_REUSEPORT, and then a second server could share the
  // port.
  server_.set_socket_options([this](int socket) {
    listener_ = socket;
    platform::allow_quick_rebinding(socket);
  });
  server_.new_task_queue = [] { return new ObserverThreads(kThreads); };
  server_.set_payload_max_length(kLargestBody);
  server_.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
        problem(response, 500, "bug", "the admin port met an error of its own", "please report it");
      });
  server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    // Ranges of what is made anew each time make no sense, and the library multiplies answers by them.
    const_cast<httplib::Request&>(request).ranges.clear();
    if (!admit(guard_, request, response)) return httplib::Server::HandlerResponse::Handled;
    // Without a length there is no body (RFC 9112 section 6.3); the library would wait for one until the
    // connection ends.
    constexpr std::array<std::string_view, 4> with_body{"POST", "PUT", "PATCH", "DELETE"};
    if (request.has_header("Content-Length") &&
        std::find(with_body.begin(), with_body.end(), request.method) != with_body.end())
      return httplib::Server::HandlerResponse::Unhandled;
    api_->answer(request, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  // Bodies are read only after the handler above; the paths that come so far are short.
  const httplib::Server::Handler answer = [this](const httplib::Request& request,
                                                 httplib::Response& response) {
    api_->answer(request, response);
  };
  server_.Post("/.*", answer).Put("/.*", answer).Patch("/.*", answer).Delete("/.*", answer);
  server_.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty())
      problem(response, response.status, "bad_request", "this is no request that can be answered");
  });
}

bool AdminServer::bind(const std::string& host, std::uint16_t port) {
  if (port == 0) {
    const int bound = server_.bind_to_any_port(host);
    if (bound <= 0) return false;
    port_ = static_cast<std::uint16_t>(bound);
  } else {
    if (!server_.bind_to_port(host, port)) return false;
    port_ = port;
  }
  // The library listens with a backlog of 5.
  platform::widen_backlog(listener_, kBacklog);
  return true;
}

void AdminServer::start(const Sources& sources) {
  api_ = std::make_unique<Api>(sources);
  thread_ = std::thread([this] {
    server_.listen_after_bind();
    ended_ = true;
  });
  // stop() works only on a server that runs.
  const TimePoint long_enough = SteadyClock::now() + std::chrono::seconds(2);
  while (!server_.is_running() && SteadyClock::now() < long_enough) std::this_thread::yield();
}

void AdminServer::stop() {
  if (!thread_.joinable()) return;
  // The streams end by themselves when they have told the rest; those that nobody reads do not.
  const TimePoint long_enough = SteadyClock::now() + std::chrono::milliseconds(500);
  while (api_->open_streams() > 0 && SteadyClock::now() < long_enough)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  server_.stop();
  // The library waits for its clients: one that sends a byte now and then would keep us for hours.
  while (!ended_) {
    platform::shut_down_connections(port_);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  thread_.join();
}

}  // namespace coffees::admin
