// Giving up privileges: capabilities(7).
#pragma once

namespace coffees::platform::capabilities {

/// Empties the bounding set and the ambient set, and locks the securebits so that user id 0 means nothing
/// special any more. Needs CAP_SETPCAP in the own user namespace. Throws SystemError.
void forbid_regaining();

/// Empties the effective, permitted and inheritable sets. Throws SystemError.
void drop_all();

/// Sets no_new_privs (prctl(2)): no exec can ever gain a privilege. Throws SystemError.
void set_no_new_privs();

}  // namespace coffees::platform::capabilities
