// Has something computed on another thread, and waits for it without holding up the own loop.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "loop.h"

namespace coffees::admin {

/// A question that was carried to another loop. Shared by both sides: either may be gone first.
template <typename Answer>
struct Errand {
  explicit Errand(const Executor& home) : told(home) {}
  bool done = false;
  std::optional<Answer> answer;
  std::exception_ptr error;
  Signal told;

  /// The answer, or the exception that the question threw. Once, when `done`.
  Answer take() {
    if (error) std::rethrow_exception(error);
    return std::move(*answer);
  }
};

/// Runs `question()` on the loop `there`; its errand is done on the loop `home`, from which this is called.
template <typename Question>
auto send_errand(asio::io_context& there, const Executor& home, Question question) {
  using Answer = decltype(question());
  auto errand = std::make_shared<Errand<Answer>>(home);
  asio::post(there, [errand, home, question = std::move(question)]() mutable {
    std::optional<Answer> answer;
    std::exception_ptr error;
    try {
      answer.emplace(question());
    } catch (...) {
      error = std::current_exception();
    }
    asio::post(home, [errand = std::move(errand), answer = std::move(answer), error]() mutable {
      errand->answer = std::move(answer);
      errand->error = error;
      errand->done = true;
      errand->told.notify();
    });
  });
  return errand;
}

}  // namespace coffees::admin
