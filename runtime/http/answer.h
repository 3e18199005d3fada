// Answers as bytes: the head of every response, and answers of our own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bytes.h"
#include "http/head_scanner.h"
#include "http/scratch.h"
#include "loop.h"
#include "memory_budget.h"

namespace coffees::http {

/// What every answer says besides its own fields.
struct AnswerFrame {
  Scratch& scratch;
  std::string_view request_id;
  bool close = false;      ///< the connection ends after this answer
  bool http_1_0 = false;   ///< a kept connection must be said (RFC 9112 section 9.3)
  bool head_only = false;  ///< the answer to HEAD: the length, but no body
  /// Header lines about origins (Origins::answer_lines). Where there are any, a handler's own
  /// Access-Control-Allow-Origin and -Credentials are left out: the configuration decides.
  std::string_view origin_lines{};
};

/// A body that is made while it is sent. Loop thread only.
class Pieces {
 public:
  Pieces() = default;
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;
  virtual ~Pieces() = default;

  /// The next piece; empty at the end. Asked for when the client has taken the one before.
  virtual Task<std::string> next() = 0;
  /// The client has gone: a wait in next() ends soon, and returns an empty piece.
  virtual void stop() = 0;
  /// About how many bytes the largest piece has, and what it is made of.
  [[nodiscard]] virtual std::size_t most() const = 0;
};

/// An answer ready to be written: head and body apart, so that a large body is not copied.
struct Answer {
  std::string head;
  std::string body;
  Bytes content;                   ///< behind `body`, which is empty then: what a function has answered
  bool close = false;              ///< the connection ends after it
  bool chunked = false;            ///< `pieces` go out with the chunked coding (RFC 9112 section 7.1)
  std::unique_ptr<Pieces> pieces;  ///< what follows `body`, if it is not all
  MemoryCharge memory{};           ///< what it has of the budget already
  bool paid = false;           ///< a function's: its worker has charged it, and it is not refused any more
  std::shared_ptr<void> held;  ///< kept until the answer has been written or given up
};

/// A small answer of our own: health, a document. `extra` are complete header lines ("Allow: ...\r\n").
/// Throws std::bad_alloc, like all of these.
Answer plain(int status, std::string_view content_type, std::string body, const AnswerFrame& frame,
             std::string_view extra = {});

/// A body of unknown length. To a client that speaks HTTP/1.0 its end is the end of the connection.
Answer streamed(std::string_view content_type, std::unique_ptr<Pieces> pieces, const AnswerFrame& frame,
                std::string_view extra = {});

/// A request that was refused: a problem document.
Answer refuse(const Refusal& refusal, const AnswerFrame& frame, std::string_view extra = {});

// For other makers of answers, in this order: begin_head, further lines, finish.

/// Begins the head of an answer whose body has `length` bytes, as far as that is known.
void begin_head(std::string& head, int status, std::optional<std::size_t> length, const AnswerFrame& frame);
/// The line by which a client tells our problem documents from those that a handler answers with.
void append_error(std::string& head, std::string_view code);
/// Ends the head, and leaves out a body that the client must not get.
void finish(Answer& answer, int status, const AnswerFrame& frame);

}  // namespace coffees::http
