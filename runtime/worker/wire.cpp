#include "worker/wire.h"

#include <chrono>
#include <cstring>

namespace coffees::wire {

bool parse(std::string_view bytes, Packet& packet) {
  if (bytes.size() < sizeof packet.header) return false;
  std::memcpy(&packet.header, bytes.data(), sizeof packet.header);
  bytes.remove_prefix(sizeof packet.header);
  const PacketHeader& header = packet.header;
  if (header.magic != kMagic || header.kind < Kind::hello || header.kind > Kind::bell) return false;
  if (header.meta_size > bytes.size()) return false;
  packet.meta = bytes.substr(0, header.meta_size);
  packet.body = bytes.substr(header.meta_size);
  return packet.body.size() <= header.body_size;
}

bool take_text(std::string_view& bytes, std::uint32_t size, std::string_view& text) {
  if (size > bytes.size()) return false;
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

std::int64_t monotonic_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace coffees::wire
