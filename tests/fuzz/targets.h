// The fuzz targets: each takes any bytes, and throws Broken when something that must always hold does not.
//
// libFuzzer calls them with bytes that it makes up (entry.cpp), the tests with the committed corpus
// (corpus_test.cpp).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace coffees::fuzz {

/// A promise of the program that the input has broken.
class Broken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void require(bool holds, const char* promise) {
  if (!holds) throw Broken(promise);
}
inline void require(bool holds, const std::string& promise) {
  if (!holds) throw Broken(promise);
}

/// What a worker sends, to the dispatcher's handle on it.
void wire(std::string_view input);
/// A coffees.toml, and values from the command line and the environment.
void config(std::string_view input);
/// What a client sends, to the invoke port.
void front(std::string_view input);

}  // namespace coffees::fuzz
