// The too complex order: adds embellishments for ever, and so meets its timeout.
#include <coffees/handler.hpp>
using coffees::Context, coffees::Event, coffees::Response;

COFFEES_HANDLER(ridiculous, (const Event&, Context& ctx)) {
  ctx.log("adding embellishments until somebody shouts");
  volatile bool complete = false;
  while (!complete) {
  }
  return Response::text("it will never come to this");
}
