#include "worker/wire.h"

#include <random>

#include "base/header_block.h"
#include "catch.h"

using namespace coffees;
using namespace coffees::wire;

namespace {

std::string packet(const std::string& meta, const std::string& body, std::uint64_t body_size) {
  const PacketHeader header{
      .kind = Kind::response, .body_size = body_size, .meta_size = static_cast<std::uint32_t>(meta.size())};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + meta + body;
}

}  // namespace

TEST_CASE("a packet comes apart into header, meta and body") {
  const std::string bytes = packet("meta", "body", 10);
  Packet parsed;
  REQUIRE(parse(bytes, parsed));
  CHECK(parsed.meta == "meta");
  CHECK(parsed.body == "body");
  CHECK(parsed.header.body_size == 10);
}

TEST_CASE("sizes that cannot be true are refused") {
  Packet parsed;
  std::string bytes = packet("meta", "body", 4);
  CHECK_FALSE(parse(bytes.substr(0, sizeof(PacketHeader) - 1), parsed));
  CHECK_FALSE(parse(packet("meta", "body", 3), parsed));                  // more body than announced
  CHECK_FALSE(parse(bytes.substr(0, sizeof(PacketHeader) + 3), parsed));  // less meta than announced
  bytes[0] = 'X';
  CHECK_FALSE(parse(bytes, parsed));
  PacketHeader header{.kind = static_cast<Kind>(99)};
  CHECK_FALSE(parse({reinterpret_cast<const char*>(&header), sizeof header}, parsed));
}

TEST_CASE("texts are taken only as far as they are there") {
  std::string_view bytes = "espresso";
  std::string_view text;
  CHECK(take_text(bytes, 3, text));
  CHECK(text == "esp");
  CHECK_FALSE(take_text(bytes, 6, text));
  CHECK(take_text(bytes, 5, text));
  CHECK(bytes.empty());
}

TEST_CASE("header blocks come back as they went, and damaged ones are noticed") {
  std::string block;
  append_header(block, "Host", "localhost");
  append_header(block, "X-Empty", "");
  std::vector<std::pair<std::string, std::string>> seen;
  const auto note = [&seen](std::string_view name, std::string_view value) {
    seen.emplace_back(name, value);
  };
  REQUIRE(for_each_header(block, note));
  CHECK(seen == std::vector<std::pair<std::string, std::string>>{{"Host", "localhost"}, {"X-Empty", ""}});
  for (std::size_t size = 1; size < block.size(); ++size) {
    if (size == 8 + 4 + 9) continue;  // the first field alone is a block, too
    CHECK_FALSE(for_each_header(block.substr(0, size), [](auto, auto) {}));
  }
}

TEST_CASE("no random packet is read outside of its bytes") {
  std::mt19937 random(2633);
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes = packet("some meta", "some body", 9);
    for (int flips = 0; flips < 4; ++flips) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    Packet parsed;
    if (!parse(bytes, parsed)) continue;
    ResponseMeta meta;
    std::string_view rest = parsed.meta;
    std::string_view text;
    if (take_meta(rest, meta) && take_text(rest, meta.headers_size, text))
      for_each_header(text, [](auto, auto) {});
  }
}
