// A small buffer that appends to a string in one go.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/units.h"

namespace coffees::events {

/// Gathers what is short and hands it to a string in one piece, at the latest when it ends. Recordings write
/// hundreds of thousands of these a second: a string that grows by a few bytes at a time takes three times as
/// long, and so do calls, which is why all of this is inline and why literals bring their size with them.
class Line {
 public:
  /// Appends to `out`, which it borrows.
  explicit Line(std::string& out) : out_(out) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { flush(); }

  /// A literal, as it is.
  template <std::size_t with_end>
  Line& text(const char (&literal)[with_end]) {
    constexpr std::size_t size = with_end - 1;
    static_assert(size <= kRoom);
    make_room(size);
    std::memcpy(bytes_.data() + size_, literal, size);
    size_ += size;
    return *this;
  }
  /// Any text of ours, as it is.
  Line& word(std::string_view word) {
    make_room(word.size());
    if (word.size() > kRoom) {
      out_.append(word);
    } else {
      std::memcpy(bytes_.data() + size_, word.data(), word.size());
      size_ += word.size();
    }
    return *this;
  }
  template <typename Integer>
  Line& number(Integer value) {
    make_room(kLongestNumber);
    size_ = static_cast<std::size_t>(
        std::to_chars(bytes_.data() + size_, bytes_.data() + bytes_.size(), value).ptr - bytes_.data());
    return *this;
  }
  /// `value`, at least 0, with leading zeros.
  template <std::size_t count>
  Line& digits(std::int64_t value) {
    static_assert(count <= kLongestNumber);
    make_room(count);
    auto rest = static_cast<std::uint64_t>(value);
    for (std::size_t i = count; i > 0; --i, rest /= 10)
      bytes_[size_ + i - 1] = static_cast<char>('0' + rest % 10);
    size_ += count;
    return *this;
  }
  /// Nanoseconds as milliseconds with three decimals; less than 0 counts as 0.
  Line& milliseconds(std::int64_t nanoseconds) {
    const Milliseconds time = split_milliseconds(std::chrono::nanoseconds(nanoseconds));
    return number(time.whole).text(".").digits<3>(time.thousandths);
  }

  /// Moves the buffered text into the string, to which the caller may then append.
  std::string& flush() {
    out_.append(bytes_.data(), size_);
    size_ = 0;
    return out_;
  }

 private:
  static constexpr std::size_t kRoom = 768;
  static constexpr std::size_t kLongestNumber = 20;

  void make_room(std::size_t size) {
    if (size > bytes_.size() - size_) flush();
  }

  std::string& out_;
  std::array<char, kRoom> bytes_;
  std::size_t size_ = 0;
};

/// The same for JSON: members of an object that has begun. Names and words are ours and need no escapes.
class JsonLine : public Line {
 public:
  using Line::Line;

  template <std::size_t n, typename Integer>
  JsonLine& member(const char (&name)[n], Integer value) {
    begin(name).number(value);
    return *this;
  }
  template <std::size_t n>
  JsonLine& member_word(const char (&name)[n], std::string_view word) {
    begin(name).text("\"").word(word).text("\"");
    return *this;
  }
  template <std::size_t n>
  JsonLine& duration(const char (&name)[n], std::int64_t nanoseconds) {
    begin(name).milliseconds(nanoseconds);
    return *this;
  }
  /// The member's name; the caller writes its value.
  template <std::size_t n>
  Line& begin(const char (&name)[n]) {
    return text(",\"").text(name).text("\":");
  }
};

}  // namespace coffees::events
