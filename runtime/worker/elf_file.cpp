#include "worker/elf_file.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "platform/file.h"

namespace coffees {
namespace {

using platform::read_exactly;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "name the ELF machine of this processor here"
#endif

// Bytes that are looked at. The largest libraries of Debian have string tables of a few MiB.
constexpr std::uint64_t kMostEntries = 64 * 1024;
constexpr std::uint64_t kMostStrings = 64 << 20;

// Where in the file the byte is that is loaded to `address`, and how many follow it in the same segment.
struct Place {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
std::optional<Place> find(const std::vector<Elf64_Phdr>& segments, std::uint64_t address) {
  for (const Elf64_Phdr& segment : segments)
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz)
      return Place{segment.p_offset + (address - segment.p_vaddr),
                   segment.p_filesz - (address - segment.p_vaddr)};
  return std::nullopt;
}

std::vector<Elf64_Dyn> read_entries(int file, const std::vector<Elf64_Phdr>& segments) {
  const auto dynamic = std::find_if(segments.begin(), segments.end(),
                                    [](const Elf64_Phdr& segment) { return segment.p_type == PT_DYNAMIC; });
  if (dynamic == segments.end() || dynamic->p_filesz > kMostEntries) return {};
  std::vector<Elf64_Dyn> entries(dynamic->p_filesz / sizeof(Elf64_Dyn));
  if (!read_exactly(file, dynamic->p_offset, entries.data(), entries.size() * sizeof(Elf64_Dyn))) return {};
  entries.erase(
      std::find_if(entries.begin(), entries.end(), [](const Elf64_Dyn& one) { return one.d_tag == DT_NULL; }),
      entries.end());
  return entries;
}

}  // namespace

std::optional<std::vector<Elf64_Phdr>> read_segments(int file) {
  Elf64_Ehdr header;
  if (!read_exactly(file, 0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN || header.e_machine != kMachine ||
      header.e_phentsize != sizeof(Elf64_Phdr))
    return std::nullopt;
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!read_exactly(file, header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr)))
    return std::nullopt;
  return segments;
}

DynamicSection read_dynamic_section(int file, const std::vector<Elf64_Phdr>& segments) {
  const std::vector<Elf64_Dyn> entries = read_entries(file, segments);
  const auto value = [&entries](Elf64_Sxword tag) -> std::uint64_t {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [tag](const Elf64_Dyn& one) { return one.d_tag == tag; });
    return found == entries.end() ? 0 : found->d_un.d_val;
  };
  const std::optional<Place> place = find(segments, value(DT_STRTAB));
  const std::uint64_t size = value(DT_STRSZ);
  if (!place || size > place->size || size > kMostStrings) return {};
  std::string strings(size, '\0');
  if (!read_exactly(file, place->offset, strings.data(), strings.size())) return {};
  const auto text = [&strings](std::uint64_t at) {
    return at < strings.size() ? std::string(strings.c_str() + at) : std::string();
  };
  DynamicSection section;
  for (const Elf64_Dyn& one : entries) {
    if (one.d_tag == DT_NEEDED) section.needed.push_back(text(one.d_un.d_val));
    if (one.d_tag == DT_RPATH) section.rpath = text(one.d_un.d_val);
    if (one.d_tag == DT_RUNPATH) section.runpath = text(one.d_un.d_val);
  }
  return section;
}

}  // namespace coffees
