// Write a Cloud Coffees handler in C++: include this, define one COFFEES_HANDLER, build a shared library.
//
//   #include <coffees/handler.hpp>
//   using coffees::Context, coffees::Event, coffees::Response;
//
//   COFFEES_HANDLER(hello, (const Event& in, Context& ctx)) {
//     auto name = in.json().value("name", "world");
//     ctx.log("greeting {}", name);
//     return Response::json({{"greeting", "Hello " + name}});
//   }
//
// A handler is stateless: each worker process calls it for one invocation at a time, and nothing it keeps in
// memory or in /tmp is promised to be there the next time. An exception that leaves it becomes a function
// error with the exception's type and message; std::bad_alloc becomes "out of memory", BadJson a 400.
// Everything here lives in the handler library itself; only the C structs of <coffees/abi.h> cross to the
// runtime.
#pragma once

#include <coffees/abi.h>
#include <cxxabi.h>
#include <fmt/format.h>
#include <strings.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffees {

using Json = nlohmann::json;

namespace detail {
inline std::string_view view(coffees_bytes bytes) { return {bytes.data, bytes.size}; }
inline coffees_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }
}  // namespace detail

/// The body is not JSON although the handler asked for it by Event::json(). One that leaves the handler is
/// answered with status 400 and a problem document (RFC 9457) with code `bad_json`: the client's mistake, not
/// an error of the function.
class BadJson : public Json::parse_error {
 public:
  explicit BadJson(const Json::parse_error& error) : Json::parse_error(error) {}
};

/// One invocation as the client sent it. All views borrow from it and end with the handler call.
class Event {
 public:
  explicit Event(const coffees_event& event) : event_(event) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// The raw body, exactly the bytes that were sent.
  [[nodiscard]] std::string_view body() const { return detail::view(event_.body); }
  /// The body as JSON, parsed at the first call; an empty body is an empty object. Throws BadJson, which is a
  /// nlohmann::json::parse_error; a handler that lets it pass has its client told.
  [[nodiscard]] const Json& json() const {
    if (json_) return *json_;
    try {
      json_ = body().empty() ? Json::object() : Json::parse(body());
    } catch (const Json::parse_error& error) {
      throw BadJson(error);
    }
    return *json_;
  }
  /// The client's address, "192.0.2.1" or "2001:db8::1"; behind one of the server's `trusted_proxies` the one
  /// that it names in X-Forwarded-For. Empty when it is not known.
  [[nodiscard]] std::string_view client() const {
    constexpr std::size_t end = offsetof(coffees_event, client) + sizeof(coffees_bytes);
    return event_.struct_size >= end ? detail::view(event_.client) : std::string_view();
  }
  /// "GET", "POST", ...
  [[nodiscard]] std::string_view method() const { return detail::view(event_.method); }
  /// What follows the function's name in the path, "" or "/...", not percent-decoded.
  [[nodiscard]] std::string_view path() const { return detail::view(event_.path); }
  /// What follows "?", not percent-decoded.
  [[nodiscard]] std::string_view query() const { return detail::view(event_.query); }
  /// The value of the first header field of that name (any case), or an empty view.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers())
      if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
    return {};
  }
  /// All header fields in the client's order.
  [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> headers() const {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    all.reserve(event_.header_count);
    for (std::uint32_t i = 0; i < event_.header_count; ++i)
      all.emplace_back(detail::view(event_.headers[i].name), detail::view(event_.headers[i].value));
    return all;
  }

 private:
  const coffees_event& event_;
  mutable std::optional<Json> json_;
};

/// Where and under which limits the handler runs, and its log.
class Context {
 public:
  explicit Context(const coffees_context& context) : context_(context) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The id that the client finds in X-Request-Id. The client may have chosen it (1-36 characters of
  /// [A-Za-z0-9._-]): it is no secret, not unique for all time, and no name for a file.
  [[nodiscard]] std::string_view request_id() const { return detail::view(context_.request_id); }
  /// The moment at which this process is killed if the handler has not returned.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(context_.deadline));
  }
  /// Time left until the deadline; never negative.
  [[nodiscard]] std::chrono::nanoseconds remaining() const {
    return std::max(std::chrono::nanoseconds(deadline() - std::chrono::steady_clock::now()),
                    std::chrono::nanoseconds(0));
  }
  /// True once the deadline has passed: the client does not get the answer any more.
  [[nodiscard]] bool cancelled() const { return remaining().count() == 0; }
  /// True when this invocation waited for its worker to start.
  [[nodiscard]] bool cold() const { return context_.cold != 0; }
  /// The function's name in the configuration.
  [[nodiscard]] std::string_view function() const { return detail::view(context_.function); }
  /// This worker's name, for example "espresso#3".
  [[nodiscard]] std::string_view worker() const { return detail::view(context_.worker); }
  /// This worker's process id as the host sees it (getpid() is 1 inside its namespace).
  [[nodiscard]] int pid() const { return context_.pid; }
  /// Invocations that this worker has finished before.
  [[nodiscard]] std::uint64_t served() const { return context_.served; }
  /// The function's memory limit in bytes.
  [[nodiscard]] std::uint64_t memory_limit() const { return context_.memory_limit; }
  /// A variable of the function's own environment (`env` in the configuration), or `fallback`.
  [[nodiscard]] std::string_view env(const char* name, std::string_view fallback = {}) const {
    const char* value = std::getenv(name);
    return value != nullptr ? std::string_view(value) : fallback;
  }
  /// Writes one line to this invocation's log. Formats as fmt does: log("{} cups", 3). Any thread.
  template <typename... Arguments>
  void log(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    const std::string line = fmt::format(format, std::forward<Arguments>(arguments)...);
    context_.log(context_.host, detail::bytes(line));
  }

 private:
  const coffees_context& context_;
};

/// The handler's answer.
class Response {
 public:
  /// An empty answer: HTTP status 200, or another one (200-599).
  Response() = default;
  explicit Response(int status) : status_(status) {}
  /// A JSON document. Invalid UTF-8 in it is replaced rather than refused.
  static Response json(const Json& document, int status = 200) {
    return bytes(document.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json", status);
  }
  /// UTF-8 text.
  static Response text(std::string text, int status = 200) {
    return bytes(std::move(text), "text/plain; charset=utf-8", status);
  }
  /// Any bytes, under their media type.
  static Response bytes(std::string bytes, std::string_view content_type = "application/octet-stream",
                        int status = 200) {
    Response response(status);
    response.body_ = std::move(bytes);
    response.headers_.emplace_back("Content-Type", content_type);
    return response;
  }
  /// Adds a header field; a Content-Type replaces the one that is there, json()'s for example. Connection and
  /// the like belong to the runtime and are ignored there, and so is Content-Length, unless it is an answer
  /// to HEAD without a body.
  Response& header(std::string name, std::string value) & {
    set_header(std::move(name), std::move(value));
    return *this;
  }
  Response&& header(std::string name, std::string value) && {
    set_header(std::move(name), std::move(value));
    return std::move(*this);
  }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& body() const { return body_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& headers() const { return headers_; }

 private:
  void set_header(std::string name, std::string value) {
    // An answer has one (RFC 9110 section 8.3); of others, like Set-Cookie, there may be several.
    constexpr const char* single = "Content-Type";
    if (::strcasecmp(name.c_str(), single) == 0)
      std::erase_if(headers_,
                    [](const auto& field) { return ::strcasecmp(field.first.c_str(), single) == 0; });
    headers_.emplace_back(std::move(name), std::move(value));
  }

  int status_ = 200;
  std::string body_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

namespace detail {

using HandlerFunction = Response (*)(const Event&, Context&);

/// Set by COFFEES_INIT and COFFEES_WORKER_INIT before main code runs; null without them.
inline void (*user_init)() = nullptr;
inline void (*user_worker_init)() = nullptr;

/// Owns what a coffees_result points to, until release().
struct Owned {
  Response response;
  std::vector<coffees_header> headers;
  std::string error_type;
  std::string error_message;
};

inline std::string readable_type(const std::type_info* type) {
  if (type == nullptr) return "unknown";
  int status = 0;
  char* name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  std::string text = status == 0 ? name : type->name();
  std::free(name);
  return text;
}

inline void fill_error(coffees_result* result, Owned* owned, std::uint32_t outcome, std::string message) {
  owned->error_type = readable_type(abi::__cxa_current_exception_type());
  owned->error_message = std::move(message);
  result->outcome = outcome;
  result->error_type = bytes(owned->error_type);
  result->error_message = bytes(owned->error_message);
}

/// Runs `work` and turns every exception into a result: the one border that exceptions do not cross.
template <typename Work>
void guarded(coffees_result* result, Work&& work) noexcept {
  static Owned reserve;  // one call at a time; not on the heap, which may be what ran out
  Owned* owned = &reserve;
  result->owner = owned;
  try {
    work(*owned);
  } catch (const std::bad_alloc&) {
    result->outcome = COFFEES_OUT_OF_MEMORY;
    result->error_type = bytes("std::bad_alloc");
    result->error_message = bytes("an allocation failed");
  } catch (const std::exception& error) {
    fill_error(result, owned, COFFEES_ERROR, error.what());
  } catch (...) {
    fill_error(result, owned, COFFEES_ERROR, "an exception that is no std::exception");
  }
}

/// What the client is told when a handler asked for JSON and the body is not JSON.
inline Response bad_json_response(const BadJson& error, const Event& event, const Context& context) {
  std::string detail = error.what();
  detail = detail.substr(detail.find("] ") + 2);  // behind the library's number for it
  Json problem{{"type", "urn:coffees:problem:bad_json"},
               {"title", "Bad Request"},
               {"status", 400},
               {"detail", "the body is not JSON: " + detail},
               {"code", "bad_json"},
               {"request_id", context.request_id()},
               {"function", context.function()}};
  if (const std::string_view encoding = event.header("Content-Encoding"); !encoding.empty())
    problem["hint"] =
        fmt::format("bodies are handed on as they were sent, and this one is encoded: {}", encoding);
  return Response::json(problem, 400).header("Content-Type", "application/problem+json");
}

inline void run_init(coffees_result* result) {
  guarded(result, [](Owned&) {
    if (user_init != nullptr) user_init();
  });
}

inline void run_worker_init(coffees_result* result) {
  guarded(result, [](Owned&) { user_worker_init(); });
}

template <HandlerFunction Handler>
void run_handler(const coffees_event* event, const coffees_context* context, coffees_result* result) {
  guarded(result, [&](Owned& owned) {
    const Event input(*event);
    Context where(*context);
    try {
      owned.response = Handler(input, where);
    } catch (const BadJson& error) {
      owned.response = bad_json_response(error, input, where);
    }
    owned.headers.reserve(owned.response.headers().size());
    for (const auto& [name, value] : owned.response.headers())
      owned.headers.push_back({bytes(name), bytes(value)});
    result->outcome = COFFEES_OK;
    result->status = owned.response.status();
    result->headers = owned.headers.data();
    result->header_count = static_cast<std::uint32_t>(owned.headers.size());
    result->body = bytes(owned.response.body());
  });
}

inline void release(coffees_result* result) {
  auto* owned = static_cast<Owned*>(result->owner);
  if (owned != nullptr) *owned = Owned{};
}

}  // namespace detail
}  // namespace coffees

/// Defines the handler of this library: COFFEES_HANDLER(name, (const Event& in, Context& ctx)) { ... return
/// Response...; } Once per library.
#define COFFEES_HANDLER(name, ...)                                                                      \
  static ::coffees::Response coffees_handler_##name __VA_ARGS__;                                        \
  COFFEES_ABI_NOTE;                                                                                     \
  extern "C" const coffees_plugin_v1* coffees_plugin(void) {                                            \
    static const coffees_plugin_v1 plugin{                                                              \
        COFFEES_ABI_VERSION,                                                                            \
        sizeof(coffees_plugin_v1),                                                                      \
        #name,                                                                                          \
        ::coffees::detail::run_init,                                                                    \
        ::coffees::detail::run_handler<coffees_handler_##name>,                                         \
        ::coffees::detail::release,                                                                     \
        ::coffees::detail::user_worker_init != nullptr ? ::coffees::detail::run_worker_init : nullptr}; \
    return &plugin;                                                                                     \
  }                                                                                                     \
  static ::coffees::Response coffees_handler_##name __VA_ARGS__

// What runs when, with start = "zygote" (the default). All workers are copies of one process, the zygote:
// what is drawn, opened or started before the copy is the same for all of them, or is missing.
//
//                        | at load       | COFFEES_INIT | COFFEES_WORKER_INIT | handler
//   runs in              | the zygote    | the zygote   | each worker         | each worker
//   how often            | once          | once         | once a worker       | once a request
//   read-only data       | yes           | yes          | yes, but N times    | yes
//   random numbers, ids  | no: all workers draw the same| yes                 | yes
//   getpid(), clocks     | of the zygote | of the zygote| of the worker       | of the worker
//   threads              | no: not copied (workers then load the library themselves)| yes    | yes
//   files in /tmp        | yes: each worker has a copy   | yes                 | yes
//   open files           | no: closed in workers        | yes                 | yes
//   timed as             | boot          | init         | init                | exec
//
// "At load" means static objects and constructors. With start = "fresh" every worker does all of it for
// itself. Random generators of OpenSSL, GnuTLS, libuuid and arc4random(3) notice the copy; rand(3), <random>
// engines and most of what seeds itself do not. `coffees check --state` finds such handlers.

/// Optional: COFFEES_INIT { ... } runs once, before the first worker is made, and is timed on its own. An
/// exception that leaves it is told as the reason why the function cannot start.
#define COFFEES_INIT                                            \
  static void coffees_user_init();                              \
  [[maybe_unused]] static const bool coffees_init_is_set =      \
      (::coffees::detail::user_init = coffees_user_init, true); \
  static void coffees_user_init()

/// Optional: COFFEES_WORKER_INIT { ... } runs in each worker before its first request: the place to seed
/// random generators, open connections and start threads. Its time counts as init of the request that waits
/// for the worker; `init_timeout` limits it. An exception that leaves it fails the start of that worker.
#define COFFEES_WORKER_INIT                                                   \
  static void coffees_user_worker_init();                                     \
  [[maybe_unused]] static const bool coffees_worker_init_is_set =             \
      (::coffees::detail::user_worker_init = coffees_user_worker_init, true); \
  static void coffees_user_worker_init()
