// What a container's rules leave of a machine.
#pragma once

namespace coffees::test {

/// For the calling thread and what it starts, as Docker's default seccomp profile does it: there is no
/// clone3, and clone makes no namespaces. Cannot be undone. Throws std::runtime_error where there are no
/// seccomp filters.
void refuse_like_docker();

}  // namespace coffees::test
