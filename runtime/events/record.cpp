#include "events/record.h"

#include <algorithm>

namespace coffees::events {

const char* name_of(Type type) {
  switch (type) {
    case Type::function_loaded:
      return "function.loaded";
    case Type::function_failed:
      return "function.failed";
    case Type::function_breaker:
      return "function.breaker";
    case Type::worker_starting:
      return "worker.starting";
    case Type::worker_ready:
      return "worker.ready";
    case Type::worker_busy:
      return "worker.busy";
    case Type::worker_idle:
      return "worker.idle";
    case Type::worker_draining:
      return "worker.draining";
    case Type::worker_stopping:
      return "worker.stopping";
    case Type::worker_stopped:
      return "worker.stopped";
    case Type::invocation_queued:
      return "invocation.queued";
    case Type::invocation_started:
      return "invocation.started";
    case Type::invocation_finished:
      return "invocation.finished";
    case Type::request_refused:
      return "request.refused";
    case Type::log:
      return "log";
    case Type::stats:
      return "stats";
  }
  return "?";
}

const char* name_of(BreakerState state) {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
  }
  return "?";
}

const char* name_of(StopReason reason) {
  switch (reason) {
    case StopReason::idle:
      return "idle";
    case StopReason::max_requests:
      return "max_requests";
    case StopReason::timeout:
      return "timeout";
    case StopReason::crash:
      return "crash";
    case StopReason::memory:
      return "memory";
    case StopReason::protocol:
      return "protocol";
    case StopReason::client_gone:
      return "client_gone";
    case StopReason::start_failed:
      return "start_failed";
    case StopReason::user:
      return "user";
    case StopReason::shutdown:
      return "shutdown";
    case StopReason::children:
      return "children";
    case StopReason::unfit:
      return "unfit";
  }
  return "?";
}

Event parse(std::string_view bytes) {
  Event event;
  if (bytes.size() < sizeof event.header) return event;
  std::memcpy(static_cast<void*>(&event.header), bytes.data(), sizeof event.header);
  bytes.remove_prefix(sizeof event.header);
  // The text is padded to whole words, the body always fills them.
  const std::size_t padded = (std::size_t{event.header.text_size} + 7) / 8 * 8;
  if (padded > bytes.size()) return event;
  event.body = bytes.substr(0, bytes.size() - padded);
  event.text = bytes.substr(bytes.size() - padded, event.header.text_size);
  return event;
}

std::string_view Event::request_id() const {
  switch (header.type) {
    case Type::worker_busy:
    case Type::invocation_queued:
    case Type::invocation_started:
    case Type::invocation_finished:
    case Type::request_refused:
    case Type::log:
      // All of these begin with a RequestName, which ends in a zero byte.
      return body.size() >= sizeof(RequestName) ? std::string_view(body.data()) : std::string_view();
    default:
      return {};
  }
}

LineSizes Event::line_sizes() const {
  switch (header.type) {
    case Type::invocation_queued:
    case Type::invocation_started:
      return as<Named>().line;
    case Type::invocation_finished:
      return as<Finished>().line;
    case Type::request_refused:
      return as<Refused>().line;
    default:
      return {};
  }
}

RequestLine Event::request_line() const {
  const LineSizes sizes = line_sizes();
  const std::size_t before_id = std::size_t{sizes.method} + sizes.path;
  if (before_id + sizes.given_id > text.size()) return {};
  return {.method = text.substr(0, sizes.method),
          .path = text.substr(sizes.method, sizes.path),
          .path_bytes = sizes.path_bytes,
          .given_id = text.substr(before_id, sizes.given_id)};
}

std::string_view Event::said() const {
  const LineSizes sizes = line_sizes();
  const std::size_t line = std::size_t{sizes.method} + sizes.path + sizes.given_id;
  return text.substr(std::min(line, text.size()));
}

Event Event::without_said() const {
  Event event = *this;
  if (header.type == Type::worker_stopped) return event;  // how a process ended is our own word
  event.text.remove_suffix(said().size());
  return event;
}

}  // namespace coffees::events
