// The admin API: what there is, what is, and the few things that can be done.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/bridge.h"
#include "admin/event_stream.h"
#include "admin/reply.h"
#include "admin/scan_thread.h"
#include "admin/state.h"
#include "config/config.h"
#include "http/query.h"
#include "memory_budget.h"

namespace coffees::admin {

/// What the admin port tells about, all of it outliving the server. `dispatcher` is touched on its own loop
/// only.
struct Sources {
  Dispatcher& dispatcher;
  events::EventLog& log;
  const MemoryBudget& budget;        ///< of the invoke port
  const MemoryBudget& admin_budget;  ///< of the admin port
  const config::Config& configuration;
  Json isolation;  ///< what `GET /api/v1/isolation` answers: level and features
  Json effective;  ///< what `GET /api/v1/config` answers: every value with its origin
  std::string version;
  std::string digest;  ///< of the configuration
  std::string invoke_url;
};

/// The most that a list holds, and the most workers that can be asked for at once.
constexpr std::size_t kMostListed = 10'000;

/// `text` as a whole number in decimal digits, at most `most`; nothing for any other text.
std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t most);

/// For a question that the dispatcher's loop did not answer: 503.
Reply no_answer();

/// So many lists are made or written at the same time: what their memory may come to.
constexpr std::size_t kMostLists = 8;

/// One request that was admitted.
struct Asked {
  std::string_view method;
  std::string_view path;  ///< as it was sent, not decoded
  http::Parameters query;
  std::string_view body;
  std::string_view last_event_id;
};

/// Answers requests that were admitted. Used on the admin port's loop, whose executor is `home` and whose
/// timers are `timers`.
class Api {
 public:
  Api(const Sources& sources, Bridge& bridge, ScanThread& scans, const Executor& home, TimerQueue& timers,
      const Doorbell& bell);

  /// Answers, whatever the request is. It stays where it is meanwhile.
  Task<Reply> answer(const Asked& asked);

  /// The bell that was given has rung: there may be news for streams.
  void bell_has_rung() { streams_.bell_has_rung(); }

  /// "GET /api/v1/workers", ... : every route there is, as openapi.json has to describe it.
  static std::vector<std::string> routes();

 private:
  using Segments = std::vector<std::string>;  ///< of the path: what stood for {...}
  struct Route;
  static const std::vector<Route>& table();

  Task<Reply> start_page(const Asked& asked, const Segments& segments);
  Task<Reply> healthz(const Asked& asked, const Segments& segments);
  Task<Reply> openapi(const Asked& asked, const Segments& segments);
  Task<Reply> metrics(const Asked& asked, const Segments& segments);
  Task<Reply> list_functions(const Asked& asked, const Segments& segments);
  Task<Reply> one_function(const Asked& asked, const Segments& segments);
  Task<Reply> warm(const Asked& asked, const Segments& segments);
  Task<Reply> cold(const Asked& asked, const Segments& segments);
  Task<Reply> list_workers(const Asked& asked, const Segments& segments);
  Task<Reply> stop_worker(const Asked& asked, const Segments& segments);
  Task<Reply> list_invocations(const Asked& asked, const Segments& segments);
  Task<Reply> one_invocation(const Asked& asked, const Segments& segments);
  Task<Reply> invocation_logs(const Asked& asked, const Segments& segments);
  Task<Reply> list_logs(const Asked& asked, const Segments& segments);
  Task<Reply> stats(const Asked& asked, const Segments& segments);
  Task<Reply> isolation(const Asked& asked, const Segments& segments);
  Task<Reply> effective_config(const Asked& asked, const Segments& segments);
  Task<Reply> version(const Asked& asked, const Segments& segments);
  Task<Reply> events(const Asked& asked, const Segments& segments);

  /// What `make()` returns, made on the scan thread, while there is a place among those that make a list:
  /// each may be large. 503 when no place gets free soon.
  template <typename Make>
  Task<Reply> scan(Make make);
  static Reply too_many_lists();
  /// The state now; nothing when the dispatcher's loop does not answer.
  Task<std::optional<State>> state();
  /// The place of a function in the configuration; nothing for another name.
  [[nodiscard]] std::optional<std::size_t> find_function(std::string_view name) const;
  /// 404 for a name that find_function() does not know.
  [[nodiscard]] Reply unknown_function(std::string_view name) const;

  /// The isolation level that was reached.
  [[nodiscard]] std::string level() const { return sources_.isolation.value("level", ""); }

  Sources sources_;
  Bridge& bridge_;
  ScanThread& scans_;
  TimerQueue& timers_;
  Places lists_;
  EventStreams streams_;
};

template <typename Make>
Task<Reply> Api::scan(Make make) {
  const TimePoint limit = timers_.now() + std::chrono::seconds(5);
  std::shared_ptr<void> place = co_await lists_.take(limit);
  if (!place) co_return too_many_lists();
  Reply reply = co_await scans_.run(std::move(make));
  reply.place = std::move(place);
  co_return reply;
}

}  // namespace coffees::admin
