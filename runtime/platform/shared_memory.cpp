#include "platform/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/syscall.h"

namespace coffees::platform {

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

SharedMemory SharedMemory::map(int descriptor, std::size_t size) {
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED) throw_errno("mmap shared memory");
  return {data, size};
}

std::pair<SharedMemory, UniqueFd> SharedMemory::create(std::size_t size) {
  UniqueFd file(check(::memfd_create("coffees", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create"));
  check(::ftruncate(file.get(), static_cast<off_t>(size)), "ftruncate");
  check(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), "fcntl(F_ADD_SEALS)");
  SharedMemory memory = map(file.get(), size);
  return {std::move(memory), std::move(file)};
}

}  // namespace coffees::platform
