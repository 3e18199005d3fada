#include "http/target.h"

#include "http/same.h"

namespace coffees::http {
namespace {

constexpr std::string_view kScheme = "http://";

bool is_absolute(std::string_view target) {
  return target.size() > kScheme.size() && same(target.substr(0, kScheme.size()), kScheme);
}

Target refused(const char* detail) {
  Target target;
  target.fault = detail;
  return target;
}

}  // namespace

Target split_target(std::string_view method, std::string_view target) {
  Target parts;
  if (target == "*") {
    if (method != "OPTIONS") return refused("the target * goes with OPTIONS only");
    parts.path = target;
    return parts;
  }
  if (is_absolute(target)) {
    target.remove_prefix(kScheme.size());
    const std::size_t end = target.find_first_of("/?");
    parts.authority = target.substr(0, end);
    if (parts.authority.empty()) return refused("the target names no host");
    target = end == std::string_view::npos || target[end] == '?' ? std::string_view("/") : target.substr(end);
  }
  if (!target.starts_with('/')) return refused("the target is not a path");
  if (target.find('#') != std::string_view::npos) return refused("the target contains a fragment");
  const std::size_t question = target.find('?');
  parts.path = target.substr(0, question);
  if (question != std::string_view::npos) parts.query = target.substr(question + 1);
  return parts;
}

std::string_view path_of(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (target.starts_with('/') || target == "*") return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace coffees::http
