#include "platform/view.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>

#include "platform/syscall.h"

namespace coffees::platform {
namespace {

// Takes what stands before the next zero byte.
bool take(std::string_view& bytes, std::string& text) {
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return false;
  text = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::string View::pack() const {
  std::string bytes = plugin + '\0';
  for (const Shown& one : shown) {
    bytes += static_cast<char>(one.kind);
    bytes.append(one.from).push_back('\0');
    bytes.append(one.to).push_back('\0');
  }
  return bytes;
}

View View::unpack(std::string_view bytes) {
  View view;
  if (!take(bytes, view.plugin)) return view;
  while (!bytes.empty()) {
    Shown one;
    one.kind = static_cast<Shown::Kind>(bytes.front());
    bytes.remove_prefix(1);
    if (!take(bytes, one.from) || !take(bytes, one.to)) break;
    view.shown.push_back(std::move(one));
  }
  return view;
}

void open_trees(View& view, bool complete) {
  view.trees.resize(view.shown.size());
  for (std::size_t i = 0; i < view.shown.size(); ++i) {
    const Shown& one = view.shown[i];
    if (view.trees[i] || one.kind == Shown::Kind::inside_link) continue;
    const int tree =
        ::open_tree(AT_FDCWD, one.from.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    const bool may_lack =
        one.kind == Shown::Kind::if_present && (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
    if (tree < 0 && complete && !may_lack) throw_errno(("show " + one.from).c_str());
    if (tree >= 0) view.trees[i] = UniqueFd(tree);
  }
}

}  // namespace coffees::platform
