#include "cli/check_state.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/header_block.h"
#include "request_id.h"

namespace coffees::cli {
namespace {

constexpr WorkerNumber kWorkers = 4;  // of each zygote, in each round

// An answer taken apart: what is compared, by name.
using Fields = std::map<std::string, std::string>;

// Of one zygote.
using Answers = std::vector<Fields>;

Fields fields_of(const Outcome& outcome) {
  Fields fields{{"the status", std::to_string(outcome.status)}};
  for_each_header(outcome.headers, [&fields](std::string_view name, std::string_view value) {
    fields["header field " + std::string(name)] += value;
  });
  const nlohmann::json document = nlohmann::json::parse(outcome.body.view(), nullptr, false);
  if (!document.is_structured()) {
    fields["the answer"] = outcome.body.view();
    return fields;
  }
  const nlohmann::json flat = document.flatten();
  for (const auto& [pointer, value] : flat.items())
    fields["field " + pointer + " of the answer"] =
        value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return fields;
}

// The value that all of them have, if they have one in common.
std::optional<std::string> common_value(const Answers& answers, const std::string& name) {
  std::optional<std::string> common;
  for (const Fields& fields : answers) {
    const auto found = fields.find(name);
    if (found == fields.end() || (common && *common != found->second)) return std::nullopt;
    common = found->second;
  }
  return common;
}

std::vector<std::string> drawn_at_load(const Answers& first, const Answers& second) {
  std::vector<std::string> found;
  for (const auto& [name, value] : first.front()) {
    const std::optional<std::string> of_first = common_value(first, name);
    const std::optional<std::string> of_second = common_value(second, name);
    if (of_first && of_second && *of_first != *of_second) found.push_back(name);
  }
  return found;
}

class NoListener final : public TurnListener {
  void turn_begins(TimePoint) override {}
};

// One event on one new worker; nothing when it did not answer, which `why_not` then explains.
Task<std::optional<Fields>> ask(zygote::ZygoteSource& source, WorkerNumber number, std::string_view function,
                                std::string_view body, Duration timeout, std::string& why_not) {
  StartResult started = co_await source.start(number);
  if (!started.worker) {
    why_not = started.failure.message;
    co_return std::nullopt;
  }
  const SystemClock clock;
  const RequestId id = RequestIdSource(clock).make();
  const Invocation call{
      .function = function, .request_id = id.view(), .method = "POST", .path = {}, .body = body};
  NoListener listener;
  const InvocationResult result = co_await started.worker->invoke(call, timeout, true, listener);
  const Outcome& outcome = result.outcome;
  started.worker->kill();
  if (outcome.kind == Outcome::Kind::ok) co_return fields_of(outcome);
  why_not = "it does not answer this event: " + outcome.message;
  co_return std::nullopt;
}

}  // namespace

Task<StateVerdict> check_state(zygote::ZygoteSource& first, zygote::ZygoteSource& second,
                               std::string_view function, std::string_view body, Duration timeout) {
  StateVerdict verdict;
  constexpr int rounds = 2;
  // Number 1 was the worker that showed that the library can be loaded.
  for (int round = 0; round < rounds; ++round) {
    Answers of_first;
    Answers of_second;
    for (WorkerNumber i = 0; i < kWorkers; ++i) {
      const WorkerNumber number = 2 + static_cast<WorkerNumber>(round) * kWorkers + i;
      std::optional<Fields> a = co_await ask(first, number, function, body, timeout, verdict.why_not);
      if (!a) co_return verdict;
      std::optional<Fields> b = co_await ask(second, number, function, body, timeout, verdict.why_not);
      if (!b) co_return verdict;
      of_first.push_back(std::move(*a));
      of_second.push_back(std::move(*b));
    }
    std::vector<std::string> found = drawn_at_load(of_first, of_second);
    if (round > 0)
      std::erase_if(found, [&verdict](const std::string& name) {
        return std::find(verdict.shared.begin(), verdict.shared.end(), name) == verdict.shared.end();
      });
    verdict.shared = std::move(found);
    if (verdict.shared.empty()) break;
  }
  verdict.checked = true;
  co_return verdict;
}

}  // namespace coffees::cli
