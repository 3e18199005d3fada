// Work for the processor: the first digits of pi, {"digits": 1000}.
#include "digits_of_pi.h"

#include <coffees/handler.hpp>
using coffees::Context, coffees::Event, coffees::Response;

COFFEES_HANDLER(pi, (const Event& in, Context&)) {
  const auto count = in.json().value("digits", std::int64_t{1000});
  if (count < 1 || count > 100'000) throw std::invalid_argument("digits must be 1 to 100000");
  std::string digits = digits_of_pi(static_cast<std::size_t>(count));
  return Response::text(digits.insert(1, ".") + "\n");
}
