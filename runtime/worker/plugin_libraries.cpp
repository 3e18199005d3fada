#include "worker/plugin_libraries.h"

#include <filesystem>
#include <set>
#include <sstream>
#include <string_view>

#include "platform/file.h"
#include "platform/system_folders.h"
#include "worker/elf_file.h"

namespace coffees {
namespace {

constexpr std::size_t kMostLibraries = 256;

struct Folder {
  std::string path;
  bool beside_plugin = false;
};

// A library on the way: where it seems to lie, and the folders of the DT_RPATHs of those that led to it.
struct Object {
  std::string path;
  bool beside_plugin = false;
  DynamicSection dynamic;
  std::vector<Folder> inherited;
};

bool replace(std::string& text, std::string_view what, const std::string& with) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) return false;
  text.replace(at, what.size(), with);
  return true;
}

// The folders of a DT_RUNPATH or DT_RPATH, with the dynamic string tokens replaced.
std::vector<Folder> expand(const std::string& list, const Object& of) {
  std::vector<Folder> folders;
  std::istringstream elements(list);
  for (std::string element; std::getline(elements, element, ':');) {
    const std::string origin = std::filesystem::path(of.path).parent_path();
    bool from_origin = false;
    while (replace(element, "$ORIGIN", origin) || replace(element, "${ORIGIN}", origin)) from_origin = true;
    while (replace(element, "$LIB", platform::system_folders::kLib) ||
           replace(element, "${LIB}", platform::system_folders::kLib)) {
    }
    if (!element.starts_with('/') || element.find('$') != std::string::npos) continue;
    folders.push_back({element, from_origin && of.beside_plugin});
  }
  return folders;
}

class Search {
 public:
  PluginLibraries run(const std::string& path, int file) {
    add(path, true, file, {});
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      const Object object = objects_[i];  // a copy: looking adds to the list
      for (const std::string& name : object.dynamic.needed) look_for(name, object);
    }
    return std::move(found_);
  }

 private:
  static std::vector<Folder> folders_of(const Object& object) {
    if (!object.dynamic.runpath.empty()) return expand(object.dynamic.runpath, object);
    std::vector<Folder> folders = expand(object.dynamic.rpath, object);
    folders.insert(folders.end(), object.inherited.begin(), object.inherited.end());
    return folders;
  }

  void add(const std::string& path, bool beside_plugin, int file, std::vector<Folder> inherited) {
    const auto segments = read_segments(file);
    if (!segments) return;
    objects_.push_back({path, beside_plugin, read_dynamic_section(file, *segments), std::move(inherited)});
  }

  void look_for(const std::string& name, const Object& wanted_by) {
    // A name with a slash is a path, not to be looked for.
    const std::vector<Folder> folders = name.starts_with('/') ? std::vector<Folder>{{"", false}}
                                        : name.find('/') == std::string::npos ? folders_of(wanted_by)
                                                                              : std::vector<Folder>{};
    OtherLibrary other{.name = name, .wanted_by = wanted_by.path, .folders = {}};
    for (const Folder& folder : folders) {
      const std::string candidate = folder.path.empty() ? name : folder.path + "/" + name;
      const platform::OpenedFile opened = platform::open_file(candidate);
      if (opened.is_regular && read_segments(opened.file.get())) {
        const std::string path = std::filesystem::path(candidate).lexically_normal();
        if (seen_.emplace(path, folder.beside_plugin).second)
          take(path, folder, opened.file.get(), wanted_by);
        return;
      }
      other.folders.push_back(std::filesystem::path(folder.path).lexically_normal());
    }
    found_.others.push_back(std::move(other));
  }

  void take(const std::string& path, const Folder& folder, int file, const Object& wanted_by) {
    if (found_.needed.size() == kMostLibraries) return;
    const std::string place = std::filesystem::path(path).parent_path();
    if (!folder.beside_plugin && platform::system_folders::shows(place)) return;
    found_.needed.push_back({path, folder.beside_plugin});
    // Its DT_RPATH comes before those of the libraries that led to it.
    std::vector<Folder> inherited =
        wanted_by.dynamic.runpath.empty() ? folders_of(wanted_by) : std::vector<Folder>{};
    add(path, folder.beside_plugin, file, std::move(inherited));
  }

  std::vector<Object> objects_;
  std::set<std::pair<std::string, bool>> seen_;
  PluginLibraries found_;
};

}  // namespace

PluginLibraries find_libraries(const std::string& path, int file) { return Search().run(path, file); }

}  // namespace coffees
