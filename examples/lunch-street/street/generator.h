// A lazy sequence: a C++20 coroutine that makes its next value only when somebody asks for it.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace lunch {

/// What a coroutine returns that says co_yield. For one range-based for loop.
template <typename Value>
class Generator {
 public:
  struct promise_type {
    const Value* current = nullptr;
    std::exception_ptr thrown;

    Generator get_return_object() { return Generator(Handle::from_promise(*this)); }
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

  Generator(Generator&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Generator& operator=(Generator&&) = delete;
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  ~Generator() {
    if (handle_) handle_.destroy();
  }

  struct End {};
  class Iterator {
   public:
    explicit Iterator(Generator& generator) : generator_(&generator) {}
    const Value& operator*() const { return *generator_->handle_.promise().current; }
    Iterator& operator++() {
      generator_->go_on();
      return *this;
    }
    bool operator==(End) const { return generator_->handle_.done(); }

   private:
    Generator* generator_;
  };
  Iterator begin() {
    go_on();
    return Iterator(*this);
  }
  End end() const { return {}; }

 private:
  using Handle = std::coroutine_handle<promise_type>;
  explicit Generator(Handle handle) : handle_(handle) {}
  void go_on() {
    handle_.resume();
    if (handle_.promise().thrown) std::rethrow_exception(handle_.promise().thrown);
  }
  Handle handle_;
};

}  // namespace lunch
