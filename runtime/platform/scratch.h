// The folders that each worker has for itself and may write to: /tmp and /dev/shm (level full).
#pragma once

#include <cstdint>
#include <string>

namespace coffees::platform::scratch {

/// Mounts an empty tmpfs of `size` bytes on `path`, for this mount namespace alone; nothing in it can be
/// executed or is a device. `step` is what a failure is called. Throws SystemError.
void mount_empty(const std::string& path, std::uint64_t size, const char* step);

/// Whether something in the calling process's /tmp has to be there for its copies, too: a file, or the
/// process's current directory. Throws SystemError.
bool tmp_in_use();

/// Removes everything in /tmp, as far as the calling process may; symbolic links are not followed.
void clear_tmp();

/// Gives this mount namespace a /tmp of its own that begins with what is in the present one: an overlay
/// (overlayfs, "userxattr": Linux 5.11, with a tmpfs that has user.* attributes: 6.6), or a copy of all
/// files, folders and symbolic links where the kernel refuses that. What is written takes at most `size`
/// bytes. The present /tmp can no longer be written to from here. Needs mapped ids. Throws SystemError.
void continue_tmp(std::uint64_t size);

}  // namespace coffees::platform::scratch
