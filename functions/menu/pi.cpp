// Work for the processor: the first digits of pi, {"digits": 1000}.
#include <coffees/handler.hpp>
using coffees::Context, coffees::Event, coffees::Response;

namespace {

// The spigot of Rabinowitz and Wagon (American Mathematical Monthly 102, 1995): digit by digit, integers
// only.
std::string digits_of_pi(std::size_t count) {
  std::vector<std::uint64_t> terms(count * 10 / 3 + 2, 2);
  std::string digits;
  std::size_t nines = 0;
  int held = -1;
  while (digits.size() < count) {
    std::uint64_t carry = 0;
    for (std::size_t i = terms.size() - 1; i > 0; --i) {
      const std::uint64_t value = terms[i] * 10 + carry * (i + 1);
      terms[i] = value % (2 * i + 1);
      carry = value / (2 * i + 1);
    }
    const std::uint64_t value = terms[0] * 10 + carry;
    terms[0] = value % 10;
    const auto digit = static_cast<int>(value / 10);
    if (digit == 9) {
      ++nines;
      continue;
    }
    if (held >= 0) digits += static_cast<char>('0' + held + digit / 10);
    digits.append(nines, digit >= 10 ? '0' : '9');
    nines = 0;
    held = digit % 10;
  }
  digits.resize(count);
  return digits;
}

}  // namespace

COFFEES_HANDLER(pi, (const Event& in, Context&)) {
  const auto count = in.json().value("digits", std::int64_t{1000});
  if (count < 1 || count > 100'000) throw std::invalid_argument("digits must be 1 to 100000");
  std::string digits = digits_of_pi(static_cast<std::size_t>(count));
  return Response::text(digits.insert(1, ".") + "\n");
}
