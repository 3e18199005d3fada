#include "config/no_effect.h"

#include <fmt/format.h>

namespace coffees::config {
namespace {

bool serves_once(const Function& function) { return !function.reuse || function.max_requests == 1; }

}  // namespace

const std::vector<NoEffect>& ways_to_have_no_effect() {
  static const std::vector<NoEffect> ways{
      {"queue_timeout", "queue", [](const Function& function) { return function.queue == 0; },
       [](const Function&) { return std::string("queue = 0, so no request waits"); },
       "set queue, the number of requests that may wait, or remove queue_timeout"},
      {"max_requests", "reuse", [](const Function& function) { return !function.reuse; },
       [](const Function&) { return std::string("reuse = false, so each worker serves one request"); },
       "remove one of the two"},
      {"keep_warm", "reuse", [](const Function& function) { return !function.reuse; },
       [](const Function&) { return std::string("reuse = false, so no worker waits to be used again"); },
       "remove one of the two"},
      {"keep_warm", "max_requests",
       [](const Function& function) { return function.reuse && serves_once(function); },
       [](const Function&) { return std::string("max_requests = 1, so no worker waits to be used again"); },
       "remove one of the two"},
      {"keep_warm", "min_warm",
       [](const Function& function) { return !serves_once(function) && function.min_warm == function.limit; },
       [](const Function& function) {
         return fmt::format("min_warm = limit = {}, so every worker stays", function.limit);
       },
       "remove keep_warm, or make limit larger than min_warm"},
  };
  return ways;
}

}  // namespace coffees::config
