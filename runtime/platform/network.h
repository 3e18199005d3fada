// The network namespace of a function: netdevice(7), network_namespaces(7).
#pragma once

namespace coffees::platform::network {

/// Brings up the loopback interface of the calling process's network namespace, which begins with it down:
/// 127.0.0.1 and ::1 exist from then on. Needs CAP_NET_ADMIN over the namespace. Throws SystemError.
void bring_up_loopback();

}  // namespace coffees::platform::network
