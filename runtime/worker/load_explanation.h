// Why a handler library could not be loaded, in words to act on.
#pragma once

#include <string>

#include "worker/plugin_libraries.h"

namespace coffees {

struct LoadExplanation {
  std::string message;
  std::string hint;
};

/// Explains an error `code` and its text as HandlerLibrary gave them (handler_library.h) for the plugin at
/// `path`. `libraries`: what find_libraries() found before. `private_root`: the function sees only what its
/// sandbox shows.
LoadExplanation explain_load_failure(const std::string& code, const std::string& text,
                                     const std::string& path, const PluginLibraries& libraries,
                                     bool private_root);

}  // namespace coffees
