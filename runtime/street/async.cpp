// Async: coroutines on one thread, each of which runs until it says co_await.
#include <boost/asio/basic_waitable_timer.hpp>

#include "street/lunch.h"

namespace coffees::street {
namespace {

using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

Task<> one(const Lunch& lunch, Stretch& stretch) {
  stretch.from = SteadyClock::now();
  if (lunch.digits > 0) {
    do_task(lunch);  // nothing to wait for: everybody else has to
  } else {
    Timer timer(co_await asio::this_coro::executor, lunch.wait);
    co_await timer.async_wait(UseTask());
  }
  stretch.to = SteadyClock::now();
}

class Async : public Model {
 public:
  [[nodiscard]] const char* name() const override { return "async"; }

  std::vector<Stretch> cook(const Lunch& lunch) override {
    std::vector<Stretch> stretches(static_cast<std::size_t>(lunch.tasks));
    Loop loop;
    for (Stretch& stretch : stretches) spawn_detached(loop.get_executor(), one(lunch, stretch));
    loop.run();
    return stretches;
  }
};

}  // namespace

std::unique_ptr<Model> async() { return std::make_unique<Async>(); }

}  // namespace coffees::street
