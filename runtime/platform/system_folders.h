// The folders of the host that a function is shown because they belong to the system: its libraries, and on
// request its programs and what programs need to use the network. file-hierarchy(7), ld.so(8).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "platform/view.h"

namespace coffees::platform::system_folders {

/// What $LIB stands for in a library's RUNPATH (ld.so(8)), as Debian sets it.
#if defined(__x86_64__)
constexpr const char* kLib = "lib/x86_64-linux-gnu";
#else
constexpr const char* kLib = "lib/aarch64-linux-gnu";
#endif

/// The library folders that every function sees.
constexpr std::array<const char*, 9> kLibraries{"/usr/lib",    "/usr/lib32",     "/usr/lib64",
                                                "/usr/libx32", "/usr/local/lib", "/lib",
                                                "/lib32",      "/lib64",         "/libx32"};

/// Whether `folder` is one of these, or lies in one.
inline bool shows(std::string_view folder) {
  for (const std::string_view known : kLibraries)
    if (folder.starts_with(known) && (folder.size() == known.size() || folder[known.size()] == '/'))
      return true;
  return false;
}

/// Further library folders that the host's administrator has configured: those of `file` and of the files
/// that it includes (ldconfig(8)), as far as they are absolute and shows() does not know them.
std::vector<std::string> configured_libraries(const std::string& file = "/etc/ld.so.conf");

/// What network = "host" shows: where names are resolved, and whom to trust (resolver(5), hosts(5),
/// nsswitch.conf(5), gai.conf(5), update-ca-certificates(8)).
std::vector<Shown> for_network();

/// What programs = true shows: /usr/bin, /bin, and what programs there lead to.
std::vector<Shown> for_programs();

}  // namespace coffees::platform::system_folders
