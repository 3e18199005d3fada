#include "base/field_syntax.h"

#include "base/header_block.h"
#include "catch.h"

using namespace coffees;

namespace {

std::string block_of(const std::string& name, const std::string& value) {
  std::string block;
  append_header(block, "X-Fine", "fine");
  append_header(block, name, value);
  return block;
}

}  // namespace

TEST_CASE("a header field that would split an answer is named") {
  CHECK(check_fields(block_of("X-A", "b\r\nX-Evil: 1")).forbidden == "X-A");
  CHECK(check_fields(block_of("X-A", std::string("b\0", 2))).forbidden == "X-A");
  CHECK(check_fields(block_of("X A", "b")).forbidden == "X A");
  CHECK(check_fields(block_of("X-A:", "b")).forbidden == "X-A:");
  CHECK(check_fields(block_of("", "b")).forbidden == "(empty name)");
}

TEST_CASE("ordinary fields are fine, and a block that is cut is none") {
  const std::string block = block_of("Content-Type", "text/plain; charset=utf-8");
  CHECK(check_fields(block).forbidden.empty());
  CHECK(check_fields(block).well_formed);
  CHECK_FALSE(check_fields(std::string_view(block).substr(0, block.size() - 1)).well_formed);
}
