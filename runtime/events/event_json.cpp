#include "events/event_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "events/line.h"
#include "events/wall_clock.h"
#include "invocation.h"
#include "refusal_code.h"

namespace coffees::events {
namespace {

// Untrusted text: it is escaped.
template <std::size_t n>
void add_foreign(JsonLine& out, const char (&name)[n], std::string_view text) {
  out.begin(name);
  if (is_plain_json(text))
    out.text("\"").word(text).text("\"");
  else
    append_json_string(out.flush(), text);
}

void add_request_line(JsonLine& out, const Event& event) {
  const RequestLine line = event.request_line();
  if (!line.method.empty()) add_foreign(out, "method", line.method);
  if (!line.path.empty()) add_foreign(out, "path", line.path);
  if (line.path_bytes > line.path.size()) out.member("path_bytes", line.path_bytes);
  if (!line.given_id.empty()) add_foreign(out, "given_request_id", line.given_id);
}

void add_refused(JsonLine& out, const Event& event) {
  if (const std::uint64_t more = event.as<Refused>().more; more > 0) {
    out.member("more", more);
    return;
  }
  out.member("status", event.header.status);
  out.member_word("code", name_of(static_cast<RefusalCode>(event.header.detail)));
  add_request_line(out, event);
}

void add_error(JsonLine& out, const Event& event) {
  out.member_word("code", code_of(static_cast<Outcome::Kind>(event.header.detail)));
  const std::string_view said = event.said();
  const std::size_t type_size = std::min<std::size_t>(event.as<Finished>().type_size, said.size());
  if (type_size > 0) add_foreign(out, "error_type", said.substr(0, type_size));
  add_foreign(out, "message", said.substr(type_size));
}

void add_finished(JsonLine& out, const Event& event) {
  const auto body = event.as<Finished>();
  const auto kind = static_cast<Outcome::Kind>(event.header.detail);
  out.member_word("outcome", outcome_of(kind)).member("status", event.header.status);
  if (event.header.worker != 0) {
    out.member_word("start", event.header.cold != 0 ? "cold" : "warm").duration("queue_ms", body.queue);
    if (event.header.cold != 0) out.duration("boot_ms", body.boot).duration("init_ms", body.init);
    out.duration("exec_ms", body.exec).duration("total_ms", body.queue + body.boot + body.init + body.exec);
    if (body.peak_rss != 0) out.duration("cpu_ms", body.cpu).member("peak_rss_bytes", body.peak_rss);
  }
  if (kind != Outcome::Kind::ok) add_error(out, event);
  add_request_line(out, event);
}

void add_body(JsonLine& out, const Event& event) {
  const Header& header = event.header;
  switch (header.type) {
    case Type::function_loaded:
      out.duration("init_ms", event.as<Loaded>().init);
      break;
    case Type::function_failed:
      add_foreign(out, "message", event.text);
      break;
    case Type::function_breaker:
      out.member_word("state", name_of(static_cast<BreakerState>(header.detail)));
      if (!event.text.empty()) add_foreign(out, "cause", event.text);
      break;
    case Type::worker_starting:
      out.member_word("for", header.detail != 0 ? "spare" : "request");
      break;
    case Type::worker_ready: {
      const auto body = event.as<Ready>();
      out.member("pid", body.pid).duration("boot_ms", body.boot).duration("init_ms", body.init);
      break;
    }
    case Type::worker_stopped: {
      const auto body = event.as<Stopped>();
      out.member_word("reason", name_of(static_cast<StopReason>(header.detail)));
      out.duration("lifetime_ms", body.lifetime).member("served", body.served);
      if (!event.text.empty()) {
        add_foreign(out, "exit", event.text);
        out.member_word("while", body.was_idle != 0 ? "idle" : "busy");
      }
      break;
    }
    case Type::worker_draining:
    case Type::worker_stopping:
      out.member_word("reason", name_of(static_cast<StopReason>(header.detail)));
      break;
    case Type::invocation_started:
      out.member_word("start", header.detail != 0 ? "cold" : "warm");
      add_request_line(out, event);
      break;
    case Type::invocation_queued:
      add_request_line(out, event);
      break;
    case Type::request_refused:
      add_refused(out, event);
      break;
    case Type::invocation_finished:
      add_finished(out, event);
      break;
    case Type::log:
      // So that a handler cannot print what would pass for ours.
      out.member_word("source", header.detail != 0 ? "runtime" : "handler");
      add_foreign(out, "line", event.text);
      break;
    case Type::stats: {
      const auto body = event.as<Stats>();
      out.member("starting", body.starting).member("idle", body.idle).member("busy", body.busy);
      out.member("draining", body.draining)
          .member("stopping", body.stopping)
          .member("queue", body.waiting)
          .member("invocations", body.finished);
      break;
    }
    case Type::worker_busy:
    case Type::worker_idle:
      break;
  }
}

}  // namespace

void append_milliseconds(std::string& out, std::int64_t nanoseconds) { Line(out).milliseconds(nanoseconds); }

// "2026-01-31T12:00:00", once a second.
std::string_view EventJson::second(std::int64_t nanoseconds) {
  const auto second = static_cast<std::time_t>(nanoseconds / kSecond);
  if (second != second_) {
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    second_text_ = text.data();
    second_ = second;
  }
  return second_text_;
}

std::string EventJson::time(std::int64_t nanoseconds) {
  std::string text;
  Line(text).word(second(nanoseconds)).text(".").digits<6>(nanoseconds % kSecond / 1000).text("Z");
  return text;
}

std::string EventJson::worker_name(FunctionIndex function, std::uint32_t worker) const {
  if (function >= functions_.size()) return {};
  return worker == 0 ? functions_[function] : fmt::format("{}#{}", functions_[function], worker);
}

void EventJson::append(std::string& out, const Event& event) {
  const Header& header = event.header;
  JsonLine line(out);
  line.text(R"({"v":1,"seq":)").number(header.sequence).text(R"(,"time":")").word(second(header.time));
  line.text(".").digits<6>(header.time % kSecond / 1000).text(R"(Z","type":")").word(name_of(header.type));
  line.text("\"");
  if (const std::string_view id = event.request_id(); !id.empty()) line.member_word("request_id", id);
  if (header.function < functions_.size()) {
    const std::string& function = functions_[header.function];
    line.member_word("function", function);
    if (header.worker != 0)
      line.text(R"(,"worker":")").word(function).text("#").number(header.worker).text("\"");
  }
  add_body(line, event);
  line.text("}");
}

std::string EventJson::hello(std::string_view version, std::string_view configuration, std::uint64_t newest) {
  std::string out = fmt::format(R"({{"v":1,"seq":{},"time":"{}","type":"hello","server":"coffees {}",)"
                                R"("config":"{}","functions":)",
                                newest, time(nanoseconds_since_1970()), version, configuration);
  return out + nlohmann::json(functions_).dump() + "}";
}

std::string EventJson::notice(std::string_view text) {
  std::string out = R"({"v":1,"time":")";
  static const std::vector<std::string> no_functions;
  out += EventJson(no_functions).time(nanoseconds_since_1970());
  out += R"(","type":"notice","message":)";
  append_json_string(out, text);
  return out + "}";
}

std::string EventJson::dropped(std::uint64_t from, std::uint64_t count) {
  return fmt::format(R"({{"v":1,"type":"dropped","from_seq":{},"count":{}}})", from, count);
}

}  // namespace coffees::events
