#include "platform/crash_place.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <cstring>

namespace coffees::platform::crash_place {
namespace {

// Text into a fixed buffer; snprintf(3) is not async-signal-safe.
class Writer {
 public:
  explicit Writer(std::span<char> text) : text_(text) { text_[0] = '\0'; }

  void add(const char* more) {
    while (*more != '\0' && size_ + 1 < text_.size()) text_[size_++] = *more++;
    text_[size_] = '\0';
  }
  void add_offset(std::uintptr_t value, bool back = false) {
    char digits[2 * sizeof value + 1] = {};
    std::size_t first = sizeof digits - 1;
    do {
      digits[--first] = "0123456789abcdef"[value % 16];
      value /= 16;
    } while (value != 0);
    add(back ? "-0x" : "+0x");
    add(digits + first);
  }

 private:
  std::span<char> text_;
  std::size_t size_ = 0;
};

struct Symbols {
  const ElfW(Sym) * table = nullptr;
  const char* names = nullptr;
  std::size_t count = 0;
};

// The number of symbols, which stands nowhere: one more than the last one of any chain. The layout of the
// table: https://flapenguin.me/elf-dt-gnu-hash; binutils' bfd/elflink.c writes it.
std::size_t count_symbols(const std::uint32_t* gnu_hash) {
  const std::uint32_t bucket_count = gnu_hash[0];
  const std::uint32_t first_symbol = gnu_hash[1];
  const std::uint32_t bloom_words = gnu_hash[2];
  const std::uint32_t* buckets = gnu_hash + 4 + bloom_words * sizeof(ElfW(Addr)) / sizeof(std::uint32_t);
  const std::uint32_t* chains = buckets + bucket_count;
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < bucket_count; ++i)
    if (buckets[i] > last) last = buckets[i];
  if (last < first_symbol) return 0;
  while ((chains[last - first_symbol] & 1U) == 0) ++last;
  return last + 1;
}

// In memory the dynamic linker has turned these entries into addresses (ld.so; the kernel's vDSO, which it
// does not touch, keeps offsets and is left out by the comparison with the base).
Symbols symbols_of(const link_map& library) {
  Symbols symbols;
  for (const ElfW(Dyn)* entry = library.l_ld; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
    const ElfW(Addr) address = entry->d_un.d_ptr;
    if (address < library.l_addr) continue;
    if (entry->d_tag == DT_SYMTAB) symbols.table = reinterpret_cast<const ElfW(Sym)*>(address);
    if (entry->d_tag == DT_STRTAB) symbols.names = reinterpret_cast<const char*>(address);
    if (entry->d_tag == DT_GNU_HASH)
      symbols.count = count_symbols(reinterpret_cast<const std::uint32_t*>(address));
  }
  return symbols;
}

// dladdr(3) knows only symbols that cover the address; handlers are usually hidden, so the one before it is
// a better help than none.
void add_nearest_symbol(Writer& out, const link_map& library, std::uintptr_t pc) {
  const Symbols symbols = symbols_of(library);
  if (symbols.table == nullptr || symbols.names == nullptr) return;
  const std::uintptr_t offset = pc - library.l_addr;
  const ElfW(Sym)* nearest = nullptr;
  const ElfW(Sym)* after = nullptr;
  for (std::size_t i = 0; i < symbols.count; ++i) {
    const ElfW(Sym)& symbol = symbols.table[i];
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0 || ELF64_ST_TYPE(symbol.st_info) == STT_TLS)
      continue;
    if (symbol.st_value > offset) {
      if (after == nullptr || symbol.st_value < after->st_value) after = &symbol;
    } else if (nearest == nullptr || symbol.st_value > nearest->st_value) {
      nearest = &symbol;
    }
  }
  if (nearest == nullptr && after == nullptr) return;
  const bool behind = nearest == nullptr;  // a library may export only what comes later
  if (behind) nearest = after;
  out.add(" (nearest exported symbol: ");
  out.add(symbols.names + nearest->st_name);
  out.add_offset(behind ? nearest->st_value - offset : offset - nearest->st_value, behind);
  out.add(")");
}

bool add_place(Writer& out, std::uintptr_t pc) {
  Dl_info information{};
  link_map* library = nullptr;
  if (pc == 0 ||
      ::dladdr1(reinterpret_cast<void*>(pc), &information, reinterpret_cast<void**>(&library),
                RTLD_DL_LINKMAP) == 0 ||
      library == nullptr || information.dli_fname == nullptr)
    return false;
  // A private copy has no name of its own (isolation.cpp).
  const bool nameless = std::strncmp(information.dli_fname, "/proc/self/fd/", 14) == 0;
  const char* slash = std::strrchr(information.dli_fname, '/');
  out.add(nameless ? "the handler's library" : slash != nullptr ? slash + 1 : information.dli_fname);
  out.add_offset(pc - library->l_addr);
  add_nearest_symbol(out, *library, pc);
  return true;
}

}  // namespace

void describe(std::uintptr_t pc, std::uintptr_t return_address, std::span<char> text) {
  Writer out(text);
  if (add_place(out, pc)) return;
  out.add("no library");
  if (return_address == 0) return;
  Writer caller(text);
  caller.add("no library, called from ");
  if (!add_place(caller, return_address)) caller.add("no library either");
}

}  // namespace coffees::platform::crash_place
