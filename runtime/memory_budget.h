// How much memory the server holds for its clients, and the most that it may come to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace coffees {

/// Bytes. Answers up to this size count as part of their request.
constexpr std::size_t kSmallAnswer = 4 * 1024;

/// Counts the bytes of requests and answers that are under way. Any thread; never waits.
class MemoryBudget {
 public:
  /// Bytes. Holders up to this size count as small.
  static constexpr std::size_t kSmall = 64 * 1024;

  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}

  /// Counts `more` bytes, of which its holder has `in_all` then. False if they would pass the limit: then
  /// nothing has changed. The last eighth is kept for small holders, so that clients that send and read
  /// little are served while others fill the rest.
  [[nodiscard]] bool take(std::size_t more, std::size_t in_all);
  void give_back(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> held_{0};
};

/// What one request or answer has of a budget. Goes with the bytes that it stands for, and gives back what it
/// has when it ends. The budget outlives it.
class MemoryCharge {
 public:
  /// Of no budget: every size is granted.
  MemoryCharge() = default;
  explicit MemoryCharge(MemoryBudget* budget) : budget_(budget) {}
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    if (this == &other) return *this;
    clear();
    budget_ = other.budget_;
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~MemoryCharge() { clear(); }

  /// From now on it stands for `bytes`, counted in steps of 8 KiB. False if that would pass the limit: then
  /// it stands for what it did before.
  [[nodiscard]] bool hold(std::size_t bytes);
  void clear();
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace coffees
