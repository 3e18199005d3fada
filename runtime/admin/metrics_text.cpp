#include "admin/metrics_text.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <iterator>

namespace coffees::admin {
namespace {

using events::FunctionMetrics;
using Kind = Outcome::Kind;

constexpr double kNanosecond = 1e-9;
// Requests for unknown functions are counted under one name: a client could make up millions of them.
constexpr const char* kUnknown = "_unknown";

class Writer {
 public:
  Writer(const MetricsSource& source, const std::vector<std::string>& functions)
      : source_(source), functions_(functions) {}

  void family(const char* name, const char* type, const char* help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <typename Value>
  void sample(const std::string& labels, Value value, const char* suffix = "") {
    fmt::format_to(std::back_inserter(text_), "{}{}{}{}{} {}\n", name_, suffix, labels.empty() ? "" : "{",
                   labels, labels.empty() ? "" : "}", value);
  }
  // One sample per function.
  template <typename Value>
  void counter(const char* name, const char* help, Value value, const char* type = "counter") {
    family(name, type, help);
    for (std::size_t i = 0; i < functions_.size(); ++i) sample(labels(i), value(source_.metrics[i]));
  }
  void histogram(const char* name, const char* help, const events::Histogram FunctionMetrics::*member) {
    family(name, "histogram", help);
    for (std::size_t i = 0; i < functions_.size(); ++i)
      buckets(labels(i), source_.metrics[i].*member, kNanosecond);
  }
  // One series of a histogram, with bounds in the unit of the name and sums in `unit` of it.
  template <typename Histogram>
  void buckets(const std::string& labels, const Histogram& histogram, double unit) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
      below += histogram.counts[i];
      sample(fmt::format("{},le=\"{}\"", labels, Histogram::kBounds[i]), below, "_bucket");
    }
    sample(labels + ",le=\"+Inf\"", histogram.count, "_bucket");
    sample(labels, static_cast<double>(histogram.sum) * unit, "_sum");
    sample(labels, histogram.count, "_count");
  }

  [[nodiscard]] std::string labels(std::size_t i) const {
    return fmt::format("faas_name=\"{}\",faas_trigger=\"http\"",
                       i < functions_.size() ? functions_[i] : kUnknown);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  const MetricsSource& source_;
  const std::vector<std::string>& functions_;
  const char* name_ = "";
  std::string text_;
};

std::uint64_t count(const FunctionMetrics& metrics, const char* outcome) {
  std::uint64_t sum = 0;
  for (std::size_t kind = 0; kind < kOutcomeKinds; ++kind)
    if (std::string_view(outcome_of(static_cast<Kind>(kind))) == outcome) sum += metrics.outcomes[kind];
  return sum;
}

void write_invocations(Writer& out, const MetricsSource& source, std::size_t functions) {
  out.counter("faas_invocations_total", "Successful invocations.",
              [](const FunctionMetrics& m) { return count(m, "ok"); });
  out.counter("faas_errors_total",
              "Invocations that ended in an error of the handler or the death of its worker.",
              [](const FunctionMetrics& m) { return count(m, "error") + count(m, "crashed"); });
  out.counter("faas_timeouts_total", "Invocations that met their timeout; not among the errors.",
              [](const FunctionMetrics& m) { return count(m, "timeout"); });
  out.counter("faas_coldstarts_total", "Invocations that waited for their worker to start.",
              [](const FunctionMetrics& m) { return m.cold_starts; });
  out.family("coffees_invocations_total", "counter", "All invocations, by what became of them.");
  for (std::size_t i = 0; i <= functions; ++i)
    for (std::size_t kind = 0; kind < kOutcomeKinds; ++kind) {
      const auto outcome = static_cast<Kind>(kind);
      const std::uint64_t value = source.metrics[i].outcomes[kind];
      // The usual ones are always there, so that a rate has something to begin with.
      const bool usual = i < functions &&
                         (outcome == Kind::ok || outcome == Kind::handler_error || outcome == Kind::timeout ||
                          outcome == Kind::throttled || outcome == Kind::crashed);
      if (value > 0 || usual)
        out.sample(fmt::format("{},outcome=\"{}\",code=\"{}\"", out.labels(i), outcome_of(outcome),
                               code_of(outcome)),
                   value);
    }
}

void write_refusals(Writer& out, const MetricsSource& source) {
  out.family("coffees_requests_refused_total", "counter",
             "Requests refused before they reached a function, by reason.");
  for (std::size_t i = 0; i < kInvokeRefusalCodes; ++i)
    out.sample(fmt::format("code=\"{}\"", name_of(static_cast<RefusalCode>(i))), source.refusals[i]);
}

void write_durations(Writer& out, const MetricsSource& source, std::size_t functions) {
  out.family("faas_invoke_duration_seconds", "histogram",
             "Time from the hand-over to a worker until its complete answer.");
  for (std::size_t i = 0; i < functions; ++i) {
    out.buckets(out.labels(i) + ",start=\"cold\"", source.metrics[i].exec_cold, kNanosecond);
    out.buckets(out.labels(i) + ",start=\"warm\"", source.metrics[i].exec_warm, kNanosecond);
  }
  out.histogram("faas_init_duration_seconds", "What a starting worker waited for the handler's own init.",
                &FunctionMetrics::init);
  out.histogram("faas_cpu_usage_seconds", "CPU time of the worker per invocation.", &FunctionMetrics::cpu);
  out.family("faas_mem_usage_bytes", "histogram",
             "Peak resident memory of the worker by the end of an invocation.");
  for (std::size_t i = 0; i < functions; ++i) out.buckets(out.labels(i), source.metrics[i].peak_rss, 1.0);
  out.histogram("coffees_queue_wait_seconds", "From arrival until a worker was chosen or its start began.",
                &FunctionMetrics::queue);
  out.histogram("coffees_boot_duration_seconds", "Start of a worker without the handler's init.",
                &FunctionMetrics::boot);
  out.histogram("coffees_worker_lifetime_seconds", "From the start of a worker to its end.",
                &FunctionMetrics::lifetime);
}

void write_workers(Writer& out, const MetricsSource& source, std::size_t functions) {
  out.family("coffees_workers", "gauge", "Worker processes, by state.");
  for (std::size_t i = 0; i < functions; ++i) {
    const FunctionState& now = source.state.functions[i];
    const std::array<std::pair<const char*, std::size_t>, 5> states{
        {{"starting", now.snapshot.starting},
         {"idle", now.snapshot.idle},
         {"busy", now.snapshot.busy - now.draining},
         {"draining", now.draining},
         {"stopping", now.stopping}}};
    for (const auto& [state, number] : states)
      out.sample(fmt::format("{},state=\"{}\"", out.labels(i), state), number);
  }
  out.family("coffees_breaker_open", "gauge",
             "1 while the breaker of a function is open: its requests get 503, except for trial requests.");
  for (std::size_t i = 0; i < functions; ++i)
    out.sample(out.labels(i), source.state.functions[i].breaker != events::BreakerState::closed ? 1 : 0);
  out.family("coffees_queue_depth", "gauge", "Requests that wait.");
  for (std::size_t i = 0; i < functions; ++i) out.sample(out.labels(i), source.state.functions[i].waiting);
  out.family("coffees_inflight", "gauge", "Invocations that a worker is serving.");
  for (std::size_t i = 0; i < functions; ++i)
    out.sample(out.labels(i), source.state.functions[i].snapshot.busy);
  out.family("coffees_workers_stopped_total", "counter", "Workers that ended, by why.");
  for (std::size_t i = 0; i < functions; ++i)
    for (std::size_t reason = 0; reason < source.metrics[i].stopped.size(); ++reason)
      out.sample(
          fmt::format("{},reason=\"{}\"", out.labels(i), name_of(static_cast<events::StopReason>(reason))),
          source.metrics[i].stopped[reason]);
  out.counter("coffees_idle_seconds_total", "Time that workers stood idle, of stretches that are over.",
              [](const FunctionMetrics& m) { return static_cast<double>(m.idle_nanoseconds) * kNanosecond; });
  out.counter("coffees_busy_seconds_total", "Time that workers were serving, of invocations that are over.",
              [](const FunctionMetrics& m) { return static_cast<double>(m.busy_nanoseconds) * kNanosecond; });
  out.counter("coffees_log_dropped_bytes_total", "Output of handlers beyond the limits.",
              [](const FunctionMetrics& m) { return m.log_bytes_dropped; });
}

}  // namespace

std::string metrics_text(const MetricsSource& source, const std::vector<std::string>& functions,
                         const char* version) {
  Writer out(source, functions);
  write_invocations(out, source, functions.size());
  write_refusals(out, source);
  write_durations(out, source, functions.size());
  write_workers(out, source, functions.size());
  out.family("coffees_event_streams", "gauge", "Clients that follow the events.");
  out.sample("", source.event_streams);
  out.family("coffees_memory_budget_bytes", "gauge",
             "Limit of the memory for requests and answers in progress.");
  out.sample("", source.memory_budget);
  out.family("coffees_memory_held_bytes", "gauge", "What requests and answers under way take of the budget.");
  out.sample("", source.memory_held);
  out.family("coffees_build_info", "gauge", "Always 1; the labels tell the build.");
  out.sample(fmt::format("version=\"{}\",compiler=\"{}\"", version, __VERSION__), 1);
  return out.take();
}

}  // namespace coffees::admin
