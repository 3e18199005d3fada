// One lunch, cooked in four ways, and what was measured meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "loop.h"

namespace coffees::street {

/// So many tasks of one kind.
struct Lunch {
  int tasks = 0;
  Duration wait{0};        ///< each waits so long (I/O-bound), or
  std::size_t digits = 0;  ///< if not 0, each computes this many digits of pi (CPU-bound)
};

/// From when to when one task was under way.
struct Stretch {
  TimePoint from;
  TimePoint to;
};
/// How many of them were under way at once, at most.
std::size_t most_at_once(const std::vector<Stretch>& stretches);

/// A way to have several things done.
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;
  [[nodiscard]] virtual const char* name() const = 0;
  /// Does all tasks, all of them from the beginning, and returns when the last one is done. Called by the
  /// only thread of this process. Throws std::runtime_error when a task came to nothing.
  virtual std::vector<Stretch> cook(const Lunch& lunch) = 0;
};

/// A thread for each task.
std::unique_ptr<Model> threads();
/// A coroutine for each task, on one thread.
std::unique_ptr<Model> async();
/// A process for each task.
std::unique_ptr<Model> processes();
/// An invocation for each task, of a server of our own; its workers come when they are needed.
/// `serve()` runs that server to its end and prints its ready line (`--json`) to standard output; it is
/// called in a process of its own. Throws std::runtime_error when the server does not come up.
std::unique_ptr<Model> cloud(const std::function<int()>& serve);

/// What a task does, here and now: waits, or computes. Not for coroutines.
void do_task(const Lunch& lunch);

/// What one lunch cost.
struct Measured {
  Duration wall{0};
  Duration cpu{0};  ///< of all processes that had a part in it
  std::size_t most_at_once = 0;
  [[nodiscard]] double processors() const {
    return static_cast<double>(cpu.count()) / static_cast<double>(wall.count());
  }
};
Measured measure(Model& model, const Lunch& lunch);

/// What a task costs besides its work.
struct Overhead {
  /// Wall time of a lunch whose tasks do nothing, divided by their number; median of 5.
  double microseconds = 0;
  double kibibytes = 0;  ///< of memory, while it waits (PSS of all processes, proc(5))
};
/// Of a model that has done nothing yet.
Overhead measure_overhead(Model& model, int tasks);

}  // namespace coffees::street
