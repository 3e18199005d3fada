// The default policy: one worker per concurrent request, each kept for a fixed time after its last
// completion.
#pragma once

#include "scaler/policy.h"

namespace coffees::scaler {

/// What Lambda and OpenWhisk do: a request that meets no idle worker gets one started for it, up to `limit`;
/// at the limit it waits if the queue has room, else it is refused. An idle worker goes `keep_warm` after its
/// last completion, but `min_warm` workers stay.
class FixedKeepWarm : public Policy {
 public:
  explicit FixedKeepWarm(const Rules& rules) : rules_(rules) {}

  Admission on_arrival(const Snapshot& snapshot, Time now) override;
  Step on_completion(const Snapshot& snapshot, Time now) override;
  Step on_timer(const Snapshot& snapshot, Time now) override;
  [[nodiscard]] Time wake_at(const Snapshot& snapshot) const override;

 private:
  [[nodiscard]] bool may_retire(const Snapshot& snapshot) const;

  Rules rules_;
};

}  // namespace coffees::scaler
