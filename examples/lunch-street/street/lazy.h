// A lazy sequence: a C++20 coroutine that makes its next value only when somebody asks for it.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace lunch {

/// What a coroutine returns that says co_yield. For one range-based for loop.
template <typename Value>
class Lazy {
 public:
  struct promise_type {
    const Value* current = nullptr;
    std::exception_ptr thrown;

    Lazy get_return_object() { return Lazy(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    // The value lives in the coroutine, which sleeps while it is looked at.
    std::suspend_always yield_value(const Value& value) noexcept {
      current = &value;
      return {};
    }
    void return_void() noexcept {}
    void unhandled_exception() { thrown = std::current_exception(); }
  };

  Lazy(Lazy&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Lazy& operator=(Lazy&&) = delete;
  Lazy(const Lazy&) = delete;
  Lazy& operator=(const Lazy&) = delete;
  ~Lazy() {
    if (handle_) handle_.destroy();
  }

  struct End {};
  class Iterator {
   public:
    explicit Iterator(Lazy& lazy) : lazy_(&lazy) {}
    const Value& operator*() const { return *lazy_->handle_.promise().current; }
    Iterator& operator++() {
      lazy_->go_on();
      return *this;
    }
    bool operator==(End) const { return lazy_->handle_.done(); }

   private:
    Lazy* lazy_;
  };
  Iterator begin() {
    go_on();
    return Iterator(*this);
  }
  End end() const { return {}; }

 private:
  using Handle = std::coroutine_handle<promise_type>;
  explicit Lazy(Handle handle) : handle_(handle) {}
  void go_on() {
    handle_.resume();
    if (handle_.promise().thrown) std::rethrow_exception(handle_.promise().thrown);
  }
  Handle handle_;
};

}  // namespace lunch
