#include "events/event_json.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>

#include "invocation.h"

namespace coffees::events {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

void append_duration(std::string& out, std::string_view name, std::int64_t nanoseconds) {
  out.append(",\"").append(name).append("\":");
  append_milliseconds(out, nanoseconds);
}

std::int64_t nanoseconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

template <typename Integer>
void append_number(std::string& out, std::string_view name, Integer value) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(",\"{}\":{}"), name, value);
}

void append_word(std::string& out, std::string_view name, std::string_view word) {
  out.append(",\"").append(name).append("\":\"").append(word).append("\"");
}

void append_request(std::string& out, const Event& event) {
  const std::string_view id = event.request_id();
  if (!id.empty()) append_word(out, "request_id", id);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (plain) {
    out.append(1, '"').append(text).append(1, '"');
    return;
  }
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append_milliseconds(std::string& out, std::int64_t nanoseconds) {
  const std::int64_t microseconds = std::max<std::int64_t>(nanoseconds, 0) / 1000;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}.{:03}"), microseconds / 1000, microseconds % 1000);
}

std::string EventJson::time(std::int64_t nanoseconds) {
  std::string text;
  append_time(text, nanoseconds);
  return text;
}

void EventJson::append_time(std::string& out, std::int64_t nanoseconds) {
  const auto second = static_cast<std::time_t>(nanoseconds / kSecond);
  if (second != second_) {
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    second_text_ = text.data();
    second_ = second;
  }
  out += second_text_;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(".{:06}Z"), nanoseconds % kSecond / 1000);
}

std::string EventJson::worker_name(FunctionIndex function, std::uint32_t worker) const {
  if (function >= functions_.size()) return {};
  return worker == 0 ? functions_[function] : fmt::format("{}#{}", functions_[function], worker);
}

void EventJson::append_head(std::string& out, const Event& event) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{{\"v\":1,\"seq\":{},\"time\":\""),
                 event.header.sequence);
  append_time(out, event.header.time);
  out.append("\",\"type\":\"").append(name_of(event.header.type)).append("\"");
}

void EventJson::append_who(std::string& out, const Header& header, bool worker) {
  if (header.function >= functions_.size()) return;
  const std::string& function = functions_[header.function];
  append_word(out, "function", function);
  if (worker && header.worker != 0)
    fmt::format_to(std::back_inserter(out), FMT_COMPILE(",\"worker\":\"{}#{}\""), function, header.worker);
}

void EventJson::append_finished(std::string& out, const Event& event) {
  const auto body = event.as<Finished>();
  const auto kind = static_cast<Outcome::Kind>(event.header.detail);
  append_word(out, "outcome", outcome_of(kind));
  append_number(out, "status", event.header.status);
  if (event.header.worker != 0) {
    append_word(out, "start", event.header.cold != 0 ? "cold" : "warm");
    append_duration(out, "queue_ms", body.queue);
    if (event.header.cold != 0) {
      append_duration(out, "boot_ms", body.boot);
      append_duration(out, "init_ms", body.init);
    }
    append_duration(out, "exec_ms", body.exec);
    append_duration(out, "total_ms", body.queue + body.boot + body.init + body.exec);
    if (body.peak_rss != 0) {
      append_duration(out, "cpu_ms", body.cpu);
      append_number(out, "peak_rss_bytes", body.peak_rss);
    }
  }
  if (kind == Outcome::Kind::ok) return;
  append_word(out, "code", code_of(kind));
  const std::size_t type_size = std::min<std::size_t>(body.type_size, event.text.size());
  if (type_size > 0) {
    out += ",\"error_type\":";
    append_json_string(out, event.text.substr(0, type_size));
  }
  out += ",\"message\":";
  append_json_string(out, event.text.substr(type_size));
}

void EventJson::append(std::string& out, const Event& event) {
  append_head(out, event);
  append_request(out, event);
  append_who(out, event.header, true);
  switch (event.header.type) {
    case Type::function_loaded:
      append_duration(out, "init_ms", event.as<Loaded>().init);
      break;
    case Type::function_failed:
      out += ",\"message\":";
      append_json_string(out, event.text);
      break;
    case Type::worker_starting:
      append_word(out, "for", event.header.detail != 0 ? "spare" : "request");
      break;
    case Type::worker_ready: {
      const auto body = event.as<Ready>();
      append_number(out, "pid", body.pid);
      append_duration(out, "boot_ms", body.boot);
      append_duration(out, "init_ms", body.init);
      break;
    }
    case Type::worker_stopped: {
      const auto body = event.as<Stopped>();
      append_word(out, "reason", name_of(static_cast<StopReason>(event.header.detail)));
      append_duration(out, "lifetime_ms", body.lifetime);
      append_number(out, "served", body.served);
      break;
    }
    case Type::worker_stopping:
      append_word(out, "reason", name_of(static_cast<StopReason>(event.header.detail)));
      break;
    case Type::invocation_started:
      append_word(out, "start", event.header.detail != 0 ? "cold" : "warm");
      break;
    case Type::invocation_finished:
      append_finished(out, event);
      break;
    case Type::log:
      // So that a handler cannot print what would pass for ours.
      append_word(out, "source", event.header.detail != 0 ? "runtime" : "handler");
      out += ",\"line\":";
      append_json_string(out, event.text);
      break;
    case Type::stats: {
      const auto body = event.as<Stats>();
      append_number(out, "starting", body.starting);
      append_number(out, "idle", body.idle);
      append_number(out, "busy", body.busy);
      append_number(out, "stopping", body.stopping);
      append_number(out, "queue", body.waiting);
      append_number(out, "invocations", body.finished);
      break;
    }
    case Type::worker_busy:
    case Type::worker_idle:
    case Type::invocation_queued:
      break;
  }
  out += '}';
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
