// Stops a function whose workers keep dying from burning the machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace coffees::scaler {

/// Opens after kFailuresToOpen failures in a row without one success between. While open, requests are
/// refused at once, but for one trial when the pause is over; the pause grows 1, 2, 4, ... 30 s from trial to
/// trial. A success closes it.
class CircuitBreaker {
 public:
  using Time = std::chrono::nanoseconds;
  static constexpr int kFailuresToOpen = 5;
  enum class State { closed, open, half_open };  ///< half open: the trial is under way

  /// `on_change` is called with each new state.
  explicit CircuitBreaker(std::function<void(State)> on_change = {}) : on_change_(std::move(on_change)) {}

  /// One request's leave to be served. Ends once: with success(), with failure(), or by its destruction,
  /// which says nothing of the function (a timeout, a client that left, a lease that was never used). A trial
  /// that ends so makes room for another one. The breaker outlives it.
  class Permit {
   public:
    Permit(Permit&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)), trial_(other.trial_) {}
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit();

    /// A worker answered.
    void success();
    /// A worker, or the start of one, died of `cause`.
    void failure(Time now, std::string cause);

   private:
    friend class CircuitBreaker;
    Permit(CircuitBreaker& breaker, std::uint64_t trial) : breaker_(&breaker), trial_(trial) {}
    [[nodiscard]] bool is_the_trial() const {
      return breaker_->state_ == State::half_open && trial_ == breaker_->trials_;
    }
    CircuitBreaker* breaker_;  ///< null: it has ended
    std::uint64_t trial_;      ///< its number; 0 if it is not a trial
  };

  /// Nothing: the request is refused.
  std::optional<Permit> try_pass(Time now);
  /// The start of a worker that no request waits for died of `cause`.
  void failure(Time now, std::string cause);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_open() const { return state_ != State::closed; }
  [[nodiscard]] const std::string& last_cause() const { return last_cause_; }
  /// How long until the next trial; zero when one is allowed now.
  [[nodiscard]] Time pause_left(Time now) const;

 private:
  void become(State state);

  std::function<void(State)> on_change_;
  State state_ = State::closed;
  int failures_ = 0;          ///< in a row
  std::uint64_t trials_ = 0;  ///< so far; the number of the newest
  Time pause_{0};
  Time next_trial_{0};
  std::string last_cause_;
};

}  // namespace coffees::scaler
