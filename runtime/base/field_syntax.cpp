#include "base/field_syntax.h"

#include <algorithm>
#include <array>

#include "base/header_block.h"

namespace coffees {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

FieldCheck check_fields(std::string_view block) {
  FieldCheck result;
  result.well_formed = for_each_header(block, [&result](std::string_view name, std::string_view value) {
    if (!result.forbidden.empty() || (is_token(name) && is_field_value(value))) return;
    result.forbidden = name.empty() ? "(empty name)" : name.substr(0, 64);
  });
  return result;
}

}  // namespace coffees
