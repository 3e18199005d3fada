#include "e2e/support/program_under_test.h"

#include <cstdlib>

#include "e2e/support/server.h"

namespace coffees::test {
namespace {

bool has_symbol(const char* name) { return read_file(program_under_test()).find(name) != std::string::npos; }

}  // namespace

const std::string& program_under_test() {
  static const std::string path = [] {
    const char* other = std::getenv("COFFEES_PROGRAM");
    return std::string(other != nullptr ? other : COFFEES_PROGRAM);
  }();
  return path;
}

bool has_address_sanitizer() {
  static const bool found = has_symbol("__asan_init");
  return found;
}

bool is_sanitized() {
  static const bool found = has_address_sanitizer() || has_symbol("__tsan_init");
  return found;
}

}  // namespace coffees::test
