// Where in which library an address lies, in words. Used by a process that has just crashed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace coffees::platform::crash_place {

/// Writes "misbehave.so+0x2d10 (nearest exported symbol: coffees_plugin+0x40)" for the code address `pc` to
/// `text`, zero-terminated and cut to its size. Where `pc` lies in no library (a call through a bad pointer),
/// tells of `return_address` instead: "no library, called from ...". Symbol names are not demangled.
///
/// For signal handlers: allocates nothing. It asks dladdr1(3), whose lock can be held by another thread only
/// while that one loads or unloads a library.
void describe(std::uintptr_t pc, std::uintptr_t return_address, std::span<char> text);

}  // namespace coffees::platform::crash_place
