// The keys that open a function's sandbox to something of the host: files, network, programs, shm, secrets.
#pragma once

#include "config/keys.h"

namespace coffees::config {

/// Each to stand among function_keys().
Key<Function> files_key();
Key<Function> network_key();
Key<Function> programs_key();
Key<Function> shm_key();
Key<Function> secrets_key();

}  // namespace coffees::config
