#include "http/scratch.h"

namespace coffees::http {
namespace {
constexpr std::size_t kLargestHeadKept = 4096;
constexpr std::size_t kBuffersKept = 256;
constexpr std::size_t kLargestBufferKept = 16 * 1024;  // the ordinary size: its holder counts as small
}  // namespace

std::string_view Scratch::date() {
  const std::time_t now = std::chrono::duration_cast<std::chrono::seconds>(clock_.since_1970()).count();
  if (now != date_made_at_) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::strftime(date_.data(), date_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_made_at_ = now;
  }
  return date_.data();
}

std::string Scratch::take_head() {
  std::string head = std::move(head_);
  head.clear();
  return head;
}

void Scratch::give_back_head(std::string head) {
  if (head.capacity() <= kLargestHeadKept) head_ = std::move(head);
}

boost::beast::flat_buffer Scratch::take_buffer() {
  if (buffers_.empty()) return {};
  boost::beast::flat_buffer buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void Scratch::give_back_buffer(boost::beast::flat_buffer buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > kLargestBufferKept || buffers_.size() >= kBuffersKept)
    return;
  buffers_.push_back(std::move(buffer));
}

}  // namespace coffees::http
