#include "platform/link_folder.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "platform/syscall.h"

namespace coffees::platform::link_folder {
namespace {

namespace fs = std::filesystem;

bool belongs_here(const Shown& one) {
  return one.kind != Shown::Kind::inside_link && (one.to.starts_with(std::string(kFilesFolder) + "/") ||
                                                  one.to.starts_with(std::string(kLibrariesFolder) + "/"));
}

void add_link(const std::string& target, const std::string& link) {
  std::error_code error;
  fs::create_directories(fs::path(link).parent_path(), error);
  if (!error) fs::create_symlink(target, link, error);
  if (error) throw SystemError("link " + link + " to " + target, error.value());
}

}  // namespace

void enter(const View& view, const std::string& plugin_copy, std::string& folder, std::string& plugin_path) {
  if (!view.plugin.empty()) plugin_path = plugin_copy;
  bool files = false;
  for (const Shown& one : view.shown) {
    if (!belongs_here(one)) continue;
    if (folder.empty()) {
      std::string path = "/tmp/coffees-links-XXXXXX";
      if (::mkdtemp(path.data()) == nullptr) throw_errno("make a folder in /tmp");
      folder = path;
    }
    add_link(one.from, folder + one.to);
    files = files || one.to.starts_with(kFilesFolder);
  }
  if (folder.empty()) return;
  if (!view.plugin.empty()) {
    plugin_path = folder + kLibrariesFolder + view.plugin;
    add_link(plugin_copy, plugin_path);
  }
  if (files) check(::chdir((folder + kFilesFolder).c_str()), "enter the files' folder");
}

void remove(const std::string& folder) {
  std::error_code ignored;
  if (!folder.empty()) fs::remove_all(folder, ignored);
}

}  // namespace coffees::platform::link_folder
