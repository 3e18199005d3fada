// The workers of one function: carries out what the scaler decides, in the order the roster allows.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "events/event_log.h"
#include "invocation.h"
#include "pool/circuit_breaker.h"
#include "pool/lease.h"
#include "pool/pacer.h"
#include "pool/worker_roster.h"
#include "pool/worker_source.h"
#include "scaler/policy.h"
#include "timer_queue.h"

namespace coffees {

/// What a pool needs to know of its function.
struct PoolSettings {
  std::string function;
  events::FunctionIndex index = 0;  ///< its place in the configuration
  scaler::Rules rules;
  Duration timeout{std::chrono::seconds(3)};  ///< of one invocation; negative: none
  Duration queue_timeout{std::chrono::seconds(1)};
  std::uint64_t max_requests = 0;        ///< a worker is retired after that many; 0: never
  bool reuse = true;                     ///< false: a worker serves one invocation only
  Duration patience = Pacer::kPatience;  ///< with quick invocations that others wait behind
  unsigned processors = 1;               ///< of this machine
};

/// One worker at one moment, for those who look on.
struct WorkerStatus {
  WorkerNumber number = 0;
  WorkerState state = WorkerState::starting;
  int pid = 0;             ///< as the host numbers it; 0 while it starts
  TimePoint started;       ///< when its start was asked for
  Duration cold_start{0};  ///< until it was ready
  TimePoint since;         ///< when it came into this state (idle, busy)
  std::uint64_t served = 0;
  events::RequestName request;              ///< busy: whom it serves
  TimePoint retires_at = TimePoint::max();  ///< idle: when keep_warm ends, if nothing comes
};

/// The scaler's clock has no origin of its own: it counts as the pool's does.
constexpr scaler::Time since_origin(TimePoint time) { return time.time_since_epoch(); }

/// All workers of one function and the requests that wait for them. Loop thread only. The pool outlives its
/// leases; the source and the policy are its own.
class Pool {
 public:
  Pool(Loop& loop, TimerQueue& timers, PoolSettings settings, std::unique_ptr<scaler::Policy> policy,
       std::unique_ptr<WorkerSource> source, events::EventLog& log);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  /// Starts `min_warm` workers. Call once.
  void open();
  /// A worker for one request: warm, cold, after a wait in the queue, or refused.
  Task<Acquired> acquire(const Invocation& call);

  /// Starts up to `count` workers that nobody has asked for, as far as the limit allows. Returns how many.
  std::size_t warm(std::size_t count);
  /// Retires the idle workers now, the busy ones when they have answered and those that start when they are
  /// ready, or have served who waits for them. Returns how many there are.
  std::size_t cold();
  /// Kills this worker, whatever it does. Returns false when there is none of that number, or it is being
  /// stopped already.
  bool stop_worker(WorkerNumber number);

  /// Kills every worker, whatever it does; requests that wait are refused. What arrives later is refused,
  /// too.
  void close();

  [[nodiscard]] const PoolSettings& settings() const { return settings_; }
  [[nodiscard]] const WorkerRoster& roster() const { return roster_; }
  [[nodiscard]] scaler::Snapshot snapshot() const;
  [[nodiscard]] std::vector<WorkerStatus> workers() const;
  [[nodiscard]] SourceStatus source_status() const { return source_->status(); }
  [[nodiscard]] bool breaker_is_open() const { return breaker_.is_open(); }

 private:
  friend class Lease;

  // A request in the queue. Lives in its coroutine; the pool only points to it.
  struct Waiter {
    enum class Grant { none, worker, start };
    Waiter(const Executor& executor, Caller* whose) : decided(executor), caller(whose) {}
    Signal decided;
    Caller* caller;
    bool left = false;  ///< its client has gone, and it is in the queue no more
    Grant grant = Grant::none;
    WorkerNumber worker = 0;
  };

  // A request that was handed to a worker behind others. Lives in its coroutine.
  struct Follower {
    Follower(const Executor& executor, TimePoint came) : gate(executor), arrived(came) {}
    Gate gate;
    TimePoint arrived;
    bool taken_back = false;
  };

  // A request that waits for a quick one to be over. Its gate lives in its coroutine.
  struct Behind {
    TimePoint arrived;
    Gate* gate;
    bool operator==(const Behind& other) const { return gate == other.gate; }
  };

  struct Record {
    std::unique_ptr<Worker> worker;  ///< null while it starts
    std::deque<Follower*> followers;
    bool holds = false;  ///< it begins nothing that was posted ahead
    std::uint64_t served = 0;
    bool process_ended = false;
    std::string how_it_ended;                  ///< in words, where its process ended by itself
    bool was_idle = false;                     ///< when it was retired
    bool unwanted = false;                     ///< to be retired when it has answered
    std::optional<events::StopReason> reason;  ///< why it has to go
    TimePoint started;
    TimePoint ready;
    TimePoint since;              ///< when it became what it is, idle or busy
    TimePoint handed_over;        ///< when it was given the last request
    events::RequestName request;  ///< which one that was
    Pacer::Mark mark = 0;
  };

  Task<bool> follow(WorkerNumber number, TimePoint arrived);
  WorkerNumber post_ahead(const Invocation& call);
  void take_back(Record& record);
  void watch_patience();
  void give_up_if_slow();
  Task<> wait_for_others(TimePoint arrived);
  void wait_in_order(Behind request);
  void let_others_go();
  Task<Acquired> start_for_request(TimePoint arrived, WorkerNumber number, CircuitBreaker::Permit& permit);
  Task<Acquired> wait_in_queue(TimePoint arrived, const Invocation& call, CircuitBreaker::Permit& permit);
  Task<> start_spare(WorkerNumber number);
  Task<StartResult> start_worker(WorkerNumber number, bool spare);
  bool drop_if_left(Waiter& waiter);
  void look_for_clients_that_left();
  [[nodiscard]] Outcome refusal() const;
  Outcome breaker_refusal(TimePoint now) const;

  enum class Stretch { begins, goes_on };
  void hand_over(WorkerNumber number, const Invocation& call, bool cold, Stretch stretch, TimePoint now);
  enum class Use { one, none, none_since_start };  ///< of a lease: how many requests were handed over
  void release(WorkerNumber number, Use use, bool reusable, bool spent, events::StopReason reason);
  void retire(WorkerNumber number, events::StopReason reason);
  void kill_soon(WorkerNumber number);
  void go_on_with_next(WorkerNumber number);
  void gone(WorkerNumber number);
  void process_ended(WorkerNumber number, const std::string& how);
  enum class Occasion { completion, timer };
  void settle(Occasion occasion = Occasion::completion);
  void carry_out(scaler::Step step);
  void grant_front(Waiter::Grant grant, WorkerNumber worker);

  Loop& loop_;
  PoolSettings settings_;
  std::unique_ptr<scaler::Policy> policy_;
  std::unique_ptr<WorkerSource> source_;
  events::EventLog& log_;
  WorkerRoster roster_;
  CircuitBreaker breaker_;
  Pacer pacer_;
  std::vector<WorkerNumber> quick_;  ///< those that run a quick invocation now, or have followers
  bool talks_ = true;                ///< the last invocation printed something, or there was none
  // How many resumed coroutines lie on the stack, each within the one before.
  static constexpr int kDeepest = 32;
  int depth_ = 0;
  std::deque<Behind> behind_;  ///< in order of arrival
  Deadline patience_;
  std::unordered_map<WorkerNumber, Record> records_;
  std::deque<Waiter*> queue_;
  TimerQueue& timers_;
  Signal corpse_gone_;
  Deadline timer_;
  Deadline look_at_queue_;
  TimePoint spares_again_;  ///< no start for min_warm before that, after one has failed
  bool closed_ = false;
};

}  // namespace coffees
