// How HTTP compares names: without regard to upper and lower case.
#pragma once

#include <boost/beast/core/string.hpp>
#include <string_view>

namespace coffees::http {

/// Whether `a` and `b` are the same but for the case of ASCII letters (RFC 9110 section 5.1).
inline bool same(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace coffees::http
