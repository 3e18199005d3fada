// The outcome of an invocation as an answer.
#pragma once

#include <string_view>

#include "http/answer.h"
#include "invocation.h"

namespace coffees::front {

/// Takes the outcome's body. `function` is named in problem documents and in the worker's name. The handler's
/// header fields have been checked (header_block.h).
http::Answer answer_to(Outcome&& outcome, std::string_view function, const http::AnswerFrame& frame);

}  // namespace coffees::front
