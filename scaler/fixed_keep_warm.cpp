#include "scaler/fixed_keep_warm.h"

#include "planted_bug.h"

namespace coffees::scaler {

Admission FixedKeepWarm::on_arrival(const Snapshot& snapshot, Time) {
  // A request that waits already has the older claim to an idle worker.
  if (snapshot.idle > snapshot.waiting) return Admission::dispatch;
  const std::size_t limit = planted("limit-off-by-one") ? rules_.limit + 1 : rules_.limit;
  if (snapshot.workers() < limit) return Admission::start;
  if (snapshot.waiting < rules_.queue) return Admission::queue;
  return Admission::refuse;
}

Step FixedKeepWarm::on_completion(const Snapshot& snapshot, Time now) {
  if (snapshot.waiting > 0 && snapshot.workers() <= rules_.limit) {
    if (snapshot.idle > 0) return Step::dispatch;
    if (snapshot.workers() < rules_.limit) return Step::start;
    return Step::none;
  }
  return on_timer(snapshot, now);
}

Step FixedKeepWarm::on_timer(const Snapshot& snapshot, Time now) {
  if (snapshot.workers() < rules_.min_warm && snapshot.workers() < rules_.limit) return Step::start_spare;
  // The limit has been lowered.
  if (snapshot.idle > 0 && snapshot.workers() > rules_.limit) return Step::retire;
  if (may_retire(snapshot) && wake_at(snapshot) <= now) return Step::retire;
  return Step::none;
}

Time FixedKeepWarm::wake_at(const Snapshot& snapshot) const {
  if (!may_retire(snapshot)) return kForever;
  // "For ever" and very long times must not wrap around into the past.
  if (rules_.keep_warm >= kForever - snapshot.longest_idle_since) return kForever;
  return snapshot.longest_idle_since + rules_.keep_warm;
}

bool FixedKeepWarm::may_retire(const Snapshot& snapshot) const {
  return snapshot.idle > 0 && snapshot.workers() > rules_.min_warm;
}

}  // namespace coffees::scaler
