// Answers as bytes: the head of every response, and problem documents for all that are not a handler's own.
#pragma once

#include <string>
#include <string_view>

#include "front/head_scanner.h"
#include "invocation.h"

namespace coffees::front {

/// What every answer says besides its own fields.
struct AnswerFrame {
  std::string_view request_id;
  bool close = false;      ///< the connection ends after this answer
  bool http_1_0 = false;   ///< a kept connection must be said (RFC 9112 section 9.3)
  bool head_only = false;  ///< the answer to HEAD: the length, but no body
  /// Header lines about origins (Origins::answer_lines). Where there are any, a handler's own
  /// Access-Control-Allow-Origin and -Credentials are left out: the configuration decides.
  std::string_view origin_lines{};
};

/// An answer ready to be written: two pieces, so that a large body is not copied.
struct Answer {
  std::string head;
  std::string body;
  bool close = false;  ///< the connection ends after it
};

/// Gives back an answer that has been written: the memory of its head is used for the next one. Loop thread
/// only.
void written(Answer&& answer);

/// The answer to an invocation. Takes the outcome's body. `function` is named in problem documents and
/// in the worker's name. The handler's header fields have been checked (header_block.h).
Answer answer_to(Outcome&& outcome, std::string_view function, const AnswerFrame& frame);

/// A request that reached no function: `extra` are complete header lines ("Allow: ...\r\n").
Answer refuse(const Refusal& refusal, const AnswerFrame& frame, std::string_view extra = {});

/// A small answer of ours: health, OPTIONS.
Answer plain(int status, std::string_view content_type, std::string body, const AnswerFrame& frame,
             std::string_view extra = {});

}  // namespace coffees::front
