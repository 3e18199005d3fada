// Takes its time: grinds the beans, brews, adds embellishments. The order may set each step's time in
// milliseconds:
// {"grind_ms": 100, "brew_ms": 150, "embellish_ms": 50}, or {"ms": 300} for the whole, split evenly.
#include <coffees/handler.hpp>
#include <thread>
using coffees::Context, coffees::Event, coffees::Response;

COFFEES_HANDLER(latte, (const Event& in, Context& ctx)) {
  const auto& order = in.json();
  const double share = order.value("ms", 300.0) / 3;
  auto step = [&](const char* what, const char* key) {
    const double ms = std::clamp(order.value(key, share), 0.0, 3.6e6);
    ctx.log("{} for {} ms", what, ms);
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms));
    return ms;
  };
  const double grind = step("grinding beans", "grind_ms");
  const double brew = step("brewing", "brew_ms");
  const double embellish = step("adding embellishments", "embellish_ms");
  return Response::json({{"drink", "latte"}, {"ms", grind + brew + embellish}});
}
