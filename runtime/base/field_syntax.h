// What may stand in an HTTP header field: needed where fields come in (clients) and where they are made
// (handlers).
#pragma once

#include <string>
#include <string_view>

namespace coffees {

/// An ASCII digit, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// RFC 9110 section 5.6.2: tchar, what methods and field names are made of.
bool is_token(std::string_view text);
/// RFC 9110 section 5.5: what may stand in a field value (no control characters but tab).
bool is_field_value(std::string_view text);

/// What is wrong with a block of fields (header_block.h) that a client or a handler made.
struct FieldCheck {
  bool well_formed = true;  ///< it is such a block at all
  std::string forbidden;    ///< the name of the first field that HTTP does not allow; empty: none
};
FieldCheck check_fields(std::string_view block);

}  // namespace coffees
