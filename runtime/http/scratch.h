// What the connections of one loop share to save memory and time.
#pragma once

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"

namespace coffees::http {

/// One per server. Loop thread only.
class Scratch {
 public:
  explicit Scratch(const Clock& clock) : clock_(clock) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// The time of day as a Date field has it (IMF-fixdate, RFC 9110 section 5.6.7); made once a second. Valid
  /// until the next call.
  std::string_view date();

  /// An empty string with memory that an earlier head has used, if there is one.
  std::string take_head();
  void give_back_head(std::string head);

  /// A read buffer; connections hold one only while they are being read from.
  boost::beast::flat_buffer take_buffer();
  void give_back_buffer(boost::beast::flat_buffer buffer);

  /// Room to read into what is not looked at.
  boost::asio::mutable_buffer dustbin() { return boost::asio::buffer(dustbin_); }

 private:
  const Clock& clock_;
  std::time_t date_made_at_ = -1;
  std::array<char, 40> date_{};
  std::string head_;
  std::vector<boost::beast::flat_buffer> buffers_;
  std::array<char, 64 * 1024> dustbin_;
};

}  // namespace coffees::http
