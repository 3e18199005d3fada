#include "platform/syscall.h"

#include <system_error>

namespace coffees::platform {

std::string error_text(int error) { return std::generic_category().message(error); }

SystemError::SystemError(std::string step, int error)
    : std::runtime_error(step + ": " + error_text(error) + " (errno " + std::to_string(error) + ")"),
      step_(std::move(step)),
      error_(error) {}

void throw_errno(const char* step) { throw SystemError(step, errno); }

}  // namespace coffees::platform
