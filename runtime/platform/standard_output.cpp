#include "platform/standard_output.h"

#include <stdio_ext.h>
#include <unistd.h>
#include <ext/stdio_sync_filebuf.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <string_view>

namespace coffees::platform::standard_output {
namespace {

std::array<char, 4096> buffer;

// The stream buffers have to outlive the streams, which are never destroyed: so they are not either.
template <typename Character>
void lead_through(std::FILE* file, std::basic_ostream<Character>& first,
                  std::basic_ostream<Character>* second = nullptr) {
  auto* through = new __gnu_cxx::stdio_sync_filebuf<Character>(file);
  first.rdbuf(through);
  if (second != nullptr) second->rdbuf(through);
}

}  // namespace

void prepare() {
  std::setvbuf(stdout, buffer.data(), _IOLBF, buffer.size());
  std::ios::sync_with_stdio(false);
  lead_through<char>(stdout, std::cout);
  lead_through<char>(stderr, std::cerr, &std::clog);
  lead_through<wchar_t>(stdout, std::wcout);
  lead_through<wchar_t>(stderr, std::wcerr, &std::wclog);
}

void flush() {
  std::fflush(stdout);
  std::fflush(stderr);
}

void rescue_half_line() {
  if (::__fbufsize(stdout) != buffer.size() || ::__flbf(stdout) == 0) return;
  const std::string_view pending(buffer.data(), std::min(::__fpending(stdout), buffer.size()));
  // A line that has its end is being written, or was: signals mostly arrive when a system call returns, and
  // before the stream knows that its buffer is empty. Written again it would be there twice.
  const std::string_view half = pending.substr(pending.rfind('\n') + 1);
  if (half.empty()) return;
  // Nobody is left who could be told of a failure.
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, half.data(), half.size());
}

}  // namespace coffees::platform::standard_output
