#include "platform/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "platform/file.h"

namespace coffees::platform {
namespace {

constexpr std::size_t kLongestFile = 1024 * 1024;

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

// Whether a list of words with commas between them has `wanted`.
bool lists(std::string_view words, std::string_view wanted) {
  while (!words.empty())
    if (take_until(words, ',') == wanted) return true;
  return false;
}

std::string text_of(const std::string& path) {
  const OpenedFile opened = open_file(path);
  if (!opened.file) return {};
  return read_whole(opened.file.get(), kLongestFile).value_or("");
}

// The group of this process below `/`: in version 2 the line without a controller, else that of "memory".
std::optional<std::string_view> own_group(std::string_view groups, bool version_2) {
  while (!groups.empty()) {
    std::string_view line = take_until(groups, '\n');
    take_until(line, ':');
    const std::string_view controllers = take_until(line, ':');
    if (version_2 ? controllers.empty() : lists(controllers, "memory")) return line;
  }
  return std::nullopt;
}

struct Mount {
  std::string_view root;  // of the hierarchy: what of it is mounted
  std::string_view place;
  std::string_view type;
  std::string_view super_options;
};

// ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS [TAGS...] - TYPE SOURCE SUPER_OPTIONS
Mount parse_mount(std::string_view line) {
  Mount mount;
  for (int i = 0; i < 3; ++i) take_until(line, ' ');
  mount.root = take_until(line, ' ');
  mount.place = take_until(line, ' ');
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return {};
  line.remove_prefix(dash + 3);
  mount.type = take_until(line, ' ');
  take_until(line, ' ');
  mount.super_options = line;
  return mount;
}

}  // namespace

std::vector<std::string> memory_limit_files(std::string_view mounts, std::string_view groups) {
  std::vector<std::string> files;
  while (!mounts.empty()) {
    const Mount mount = parse_mount(take_until(mounts, '\n'));
    const bool version_2 = mount.type == "cgroup2";
    if (!version_2 && !(mount.type == "cgroup" && lists(mount.super_options, "memory"))) continue;
    const std::optional<std::string_view> own = own_group(groups, version_2);
    if (!own) continue;
    std::string group(*own);
    if (mount.root != "/") {
      // A container's own part is mounted, and the path counts from the hierarchy's root all the same.
      if (group.starts_with(mount.root))
        group.erase(0, mount.root.size());
      else
        group.clear();
    }
    while (group.ends_with('/')) group.pop_back();
    const char* file = version_2 ? "/memory.max" : "/memory.limit_in_bytes";
    for (;; group.erase(group.rfind('/'))) {
      files.push_back(std::string(mount.place) + group + file);
      if (group.find('/') == std::string::npos) break;
    }
  }
  return files;
}

std::uint64_t memory_limit() {
  auto limit = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
               static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const std::string& file :
       memory_limit_files(text_of("/proc/self/mountinfo"), text_of("/proc/self/cgroup"))) {
    const std::string text = text_of(file);
    std::uint64_t bytes = 0;
    // "max" is not a number: there is no limit.
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (error == std::errc() && bytes > 0) limit = std::min(limit, bytes);
  }
  return limit;
}

}  // namespace coffees::platform
