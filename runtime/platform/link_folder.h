// Where there is no private root (below level full): a private folder of symbolic links that stands in for
// one.
#pragma once

#include <string>

#include "platform/view.h"

namespace coffees::platform::link_folder {

/// Makes /tmp/coffees-links-XXXXXX when `view` lists anything for kFilesFolder or kLibrariesFolder, fills it
/// with links, and enters its `app` if there are files. `plugin_copy`: where a copy of the handler library
/// lies. `plugin_path` becomes the path to load it by: inside the folder, so that $ORIGIN (ld.so(8)) leads to
/// the libraries beside it, or `plugin_copy` where there are none; empty without a plugin. `folder` becomes
/// its path, or empty. Throws SystemError.
void enter(const View& view, const std::string& plugin_copy, std::string& folder, std::string& plugin_path);

/// Removes it, not what its links lead to. An empty path is no folder.
void remove(const std::string& folder);

}  // namespace coffees::platform::link_folder
