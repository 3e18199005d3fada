// Who runs this program, and where its small run-time files belong.
#pragma once

#include <cstdint>
#include <string>

namespace coffees::platform::identity {

std::uint32_t user();
std::uint32_t group();
bool is_root();

/// This process, and whether that one exists (kill(2)); one of another user counts as well.
int process();
bool process_exists(int pid);

/// A directory for run-time files that only this user can write: $XDG_RUNTIME_DIR, /run/user/UID, or
/// /tmp/coffees-UID, made if needed. Empty when no safe directory exists (one that another user owns is
/// not safe).
std::string runtime_directory();

/// Writes `text` to `path` in one step, never through a link that another user planted. Returns whether it
/// could.
bool write_private_file(const std::string& path, const std::string& text);

}  // namespace coffees::platform::identity
