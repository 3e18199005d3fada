// Untrusted text: what makes it safe for a terminal, a file or a JSON document.
#pragma once

#include <string>
#include <string_view>

namespace coffees {

/// Whether all of it is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

/// `text` with control bytes and bytes that are no UTF-8 spelled out ("\x1b"); a tab stays.
std::string visible(std::string_view text);

/// Whether a JSON string may hold it as it is: printable ASCII without quotes and backslashes.
bool is_plain_json(std::string_view text);

/// Appends `text` as a JSON string with its quotes: control bytes are escaped, what is no UTF-8 is replaced.
void append_json_string(std::string& out, std::string_view text);

}  // namespace coffees
