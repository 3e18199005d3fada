// Says who served: which worker, whether it was cold, and how many it had served before.
#include <coffees/handler.hpp>
using coffees::Context, coffees::Event, coffees::Response;

COFFEES_HANDLER(receipt, (const Event&, Context& ctx)) {
  return Response::json({{"request_id", ctx.request_id()},
                         {"worker", ctx.worker()},
                         {"pid", ctx.pid()},
                         {"start", ctx.cold() ? "cold" : "warm"},
                         {"served_before", ctx.served()}});
}
