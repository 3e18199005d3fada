// What libFuzzer calls (https://llvm.org/docs/LibFuzzer.html); COFFEES_FUZZ_TARGET is one of targets.h.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

// Made for many short runs: little memory is kept back, and only the innermost frames of allocations are
// remembered. To see them all, run the one input that crashed with ASAN_OPTIONS=malloc_context_size=30.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=16:malloc_context_size=2"; }

// An exception ends the process: libFuzzer keeps the input that threw it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  coffees::fuzz::COFFEES_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
