#include "worker/plugin_file.h"

#include <coffees/abi.h>
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "platform/file.h"
#include "platform/syscall.h"
#include "worker/elf_file.h"

namespace coffees {
namespace {

using platform::read_exactly;

constexpr std::size_t kMostNotes = 1 << 20;  // bytes of one note segment that are looked at

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// The ABI version that COFFEES_ABI_NOTE wrote, if this note segment holds it.
std::optional<std::uint32_t> abi_version(std::string_view notes) {
  Elf64_Nhdr note;
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    notes.remove_prefix(sizeof note);
    if (note.n_namesz > notes.size() || padded(note.n_namesz) > notes.size()) return std::nullopt;
    const std::string_view owner = notes.substr(0, note.n_namesz);
    notes.remove_prefix(padded(note.n_namesz));
    if (note.n_descsz > notes.size()) return std::nullopt;
    std::uint32_t version = 0;
    if (owner == std::string_view(COFFEES_NOTE_OWNER, sizeof COFFEES_NOTE_OWNER) &&
        note.n_type == COFFEES_NOTE_TYPE && note.n_descsz == sizeof version) {
      std::memcpy(&version, notes.data(), sizeof version);
      return version;
    }
    notes.remove_prefix(std::min(padded(note.n_descsz), notes.size()));
  }
  return std::nullopt;
}

PluginFault examine(int file) {
  PluginFault not_a_library{"E202", "is not a shared library for this machine",
                            "build it with coffees_add_function(), or g++ -shared -fPIC"};
  const auto segments = read_segments(file);
  if (!segments) return not_a_library;
  for (const Elf64_Phdr& segment : *segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMostNotes) continue;
    std::string notes(segment.p_filesz, '\0');
    if (!read_exactly(file, segment.p_offset, notes.data(), notes.size())) return not_a_library;
    const std::optional<std::uint32_t> version = abi_version(notes);
    if (!version) continue;
    if (*version == COFFEES_ABI_VERSION) return {};
    return {"E203",
            "was built for handler ABI " + std::to_string(*version) + "; this coffees uses ABI " +
                std::to_string(COFFEES_ABI_VERSION),
            "rebuild it against the installed <coffees/handler.hpp>"};
  }
  return {"E204", "has no entry point 'coffees_plugin': no handler is defined in it",
          "define one with COFFEES_HANDLER(...) from <coffees/handler.hpp>"};
}

}  // namespace

PluginFile open_plugin(const std::string& path) {
  PluginFile plugin;
  platform::OpenedFile opened = platform::open_file(path);
  if (!opened.file) {
    plugin.fault = {"E208", path + " cannot be opened: " + platform::error_text(opened.error),
                    "check `path`, or build it first"};
    return plugin;
  }
  if (!opened.is_regular) {
    plugin.fault = {"E202", path + " is not a file", "`path` names the handler's shared library"};
    return plugin;
  }
  plugin.file = std::move(opened.file);
  plugin.fault = examine(plugin.file.get());
  if (!plugin.fault.code.empty()) plugin.fault.message = path + " " + plugin.fault.message;
  return plugin;
}

}  // namespace coffees
