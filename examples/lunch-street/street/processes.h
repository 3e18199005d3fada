// Processes that share nothing but queues.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <climits>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace lunch {

/// Both ends of a pipe, open in every process that was started after it was made. Throws std::system_error.
class Pipe {
 public:
  Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe();
  void write(const void* bytes, std::size_t size) const;
  /// Sleeps until `size` bytes are there. Returns false when the pipe's last writer has closed it before.
  bool read(void* bytes, std::size_t size) const;
  /// Whether something is there, after that time at most.
  [[nodiscard]] bool readable(std::chrono::milliseconds limit) const;
  [[nodiscard]] int reading_end() const { return ends_[0]; }
  [[nodiscard]] int writing_end() const { return ends_[1]; }
  /// For a process that only reads: while it could write itself, read() would wait for ever.
  void close_writing_end();

 private:
  int ends_[2];
};

/// Processes that one has started. The destructor ends those that are still there.
class Staff {
 public:
  Staff() = default;
  Staff(const Staff&) = delete;
  Staff& operator=(const Staff&) = delete;
  ~Staff();
  /// Starts a process that does `work` and ends. It begins with a copy of this one's memory.
  void start(const std::function<void()>& work);
  /// Waits for all of them. Throws std::runtime_error when one of them did not end well.
  void wait();
  /// Throws std::runtime_error when one of them has ended badly.
  void check();
  /// Sends them SIGTERM and waits.
  void ask_to_stop();

 private:
  std::vector<pid_t> processes_;
};

/// A queue between processes, to be made before they start. Several may push into it and several may take
/// from it: all items have one size, and what is written in one piece stays in one piece up to PIPE_BUF bytes
/// (pipe(7)).
template <typename Item>
class ProcessQueue {
  static_assert(std::is_trivially_copyable_v<Item> && sizeof(Item) <= PIPE_BUF);

 public:
  void push(const Item& item) { pipe_.write(&item, sizeof item); }
  /// Sleeps until there is something.
  Item pop() {
    Item item{};
    if (!pipe_.read(&item, sizeof item)) throw std::logic_error("a queue has ended");
    return item;
  }
  /// The same, for an item that one of `staff` will push. Throws std::runtime_error when one of them ends
  /// badly meanwhile: it may never come.
  Item pop(Staff& staff) {
    while (!pipe_.readable(std::chrono::milliseconds(100))) staff.check();
    return pop();
  }
  /// What is there already, or nothing.
  std::optional<Item> pop_if_any() {
    if (!pipe_.readable(std::chrono::milliseconds(0))) return std::nullopt;
    return pop();
  }
  /// Readable when there is an item; for event loops. Stays the queue's.
  [[nodiscard]] int descriptor() const { return pipe_.reading_end(); }

 private:
  Pipe pipe_;
};

}  // namespace lunch
