// The admin API: what there is, what is, and the few things that can be done.
#pragma once

#include <httplib.h>

#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "admin/bridge.h"
#include "admin/event_stream.h"
#include "admin/json_reply.h"
#include "admin/state.h"
#include "config/config.h"

namespace coffees::admin {

/// What the admin port tells about, all of it outliving the server. `dispatcher` is touched on the loop only.
struct Sources {
  Bridge& bridge;
  Dispatcher& dispatcher;
  const events::EventLog& log;
  const config::Config& configuration;
  Json isolation;  ///< what `GET /api/v1/isolation` answers: level and features
  Json effective;  ///< what `GET /api/v1/config` answers: every value with its origin
  std::string version;
  std::string digest;  ///< of the configuration
  std::string invoke_url;
};

/// The most that a list holds, and the most workers that can be asked for at once.
constexpr std::size_t kMostListed = 10'000;

/// `text` as a whole number in decimal digits, or nothing when it is none or more than `most`.
std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t most);

/// So many lists are made or written at the same time: what their memory may come to.
constexpr int kMostLists = 8;

/// 503: the loop does not answer.
void no_answer(httplib::Response& response);

/// Answers requests that were admitted. Any thread; a request is answered on its connection's own.
class Api {
 public:
  explicit Api(const Sources& sources)
      : sources_(sources), streams_(sources.log, sources.version, sources.digest) {}

  /// Answers, whatever the request is.
  void answer(const httplib::Request& request, httplib::Response& response);

  /// How many clients follow the events.
  [[nodiscard]] std::size_t open_streams() const { return streams_.count(); }

  /// "GET /api/v1/workers", ... : every route there is, as openapi.json has to describe it.
  static std::vector<std::string> routes();

 private:
  using Parameters = std::vector<std::string>;
  struct Route;
  static const std::vector<Route>& table();

  void start_page(const httplib::Request&, const Parameters&, httplib::Response& response);
  void healthz(const httplib::Request&, const Parameters&, httplib::Response& response);
  void openapi(const httplib::Request&, const Parameters&, httplib::Response& response);
  void metrics(const httplib::Request&, const Parameters&, httplib::Response& response);
  void list_functions(const httplib::Request&, const Parameters&, httplib::Response& response);
  void one_function(const httplib::Request&, const Parameters& parameters, httplib::Response& response);
  void warm(const httplib::Request& request, const Parameters& parameters, httplib::Response& response);
  void cold(const httplib::Request&, const Parameters& parameters, httplib::Response& response);
  void list_workers(const httplib::Request& request, const Parameters&, httplib::Response& response);
  void stop_worker(const httplib::Request&, const Parameters& parameters, httplib::Response& response);
  void list_invocations(const httplib::Request& request, const Parameters&, httplib::Response& response);
  void one_invocation(const httplib::Request&, const Parameters& parameters, httplib::Response& response);
  void invocation_logs(const httplib::Request&, const Parameters& parameters, httplib::Response& response);
  void list_logs(const httplib::Request& request, const Parameters&, httplib::Response& response);
  void stats(const httplib::Request& request, const Parameters&, httplib::Response& response);
  void isolation(const httplib::Request&, const Parameters&, httplib::Response& response);
  void effective_config(const httplib::Request&, const Parameters&, httplib::Response& response);
  void version(const httplib::Request&, const Parameters&, httplib::Response& response);
  void events(const httplib::Request& request, const Parameters&, httplib::Response& response);

  /// A place among those that make a list, each of which may be large; null after 503, when none gets free
  /// soon.
  std::shared_ptr<void> place_for_list(httplib::Response& response);
  /// The state now; answers 503 and returns nothing when the loop does not.
  std::optional<State> state(httplib::Response& response);
  /// The place of a function in the configuration; answers 404 and returns nothing for another name.
  std::optional<std::size_t> find_function(const std::string& name, httplib::Response& response) const;

  /// The isolation level that was reached.
  [[nodiscard]] std::string level() const { return sources_.isolation.value("level", ""); }

  Sources sources_;
  std::counting_semaphore<> places_for_lists_{kMostLists};
  EventStreams streams_;
};

}  // namespace coffees::admin
