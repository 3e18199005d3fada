// Work for the processor, of which anybody can check the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// The first `count` digits of pi, "31415...". The spigot of Rabinowitz and Wagon (American Mathematical
/// Monthly 102, 1995): digit by digit, integers only; twice as many digits take four times as long.
inline std::string digits_of_pi(std::size_t count) {
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
