#include "admin/places.h"

#include <string>

#include "catch.h"
#include "manual_clock.h"

using namespace coffees;
using std::chrono::seconds;

namespace {

struct PlacesScene {
  Loop loop;
  test::ManualClock clock;
  TimerQueue timers{clock};
  admin::Places places{loop.get_executor(), timers, 2};
  std::string seen;  ///< who got a place (a letter), or none (the letter and a dash)
  std::vector<std::shared_ptr<void>> held;

  PlacesScene() = default;
  PlacesScene(const PlacesScene&) = delete;
  PlacesScene& operator=(const PlacesScene&) = delete;
  ~PlacesScene() { loop.abandon(); }

  void ask(char name) {
    spawn_detached(loop.get_executor(), [](PlacesScene& scene, char who) -> Task<> {
      const std::shared_ptr<void> place = co_await scene.places.take(scene.timers.now() + seconds(5));
      scene.seen += who;
      if (place)
        scene.held.push_back(place);
      else
        scene.seen += '-';
    }(*this, name));
    turn();
  }
  void turn() {
    loop.restart();
    loop.poll();
  }
};

}  // namespace

TEST_CASE("places are given in order of arrival, each as soon as one is given back") {
  PlacesScene scene;
  for (const char name : {'a', 'b', 'c', 'd'}) scene.ask(name);
  CHECK(scene.seen == "ab");
  scene.held.erase(scene.held.begin());
  scene.ask('e');
  CHECK(scene.seen == "abc");
  scene.held.clear();
  scene.turn();
  CHECK(scene.seen == "abcde");
}

TEST_CASE("without a place there is an end to the wait, and its turn goes to the next one") {
  PlacesScene scene;
  for (const char name : {'a', 'b', 'c'}) scene.ask(name);
  scene.clock.pass(seconds(3));
  scene.ask('d');
  scene.clock.pass(seconds(3));
  scene.timers.run_due();
  scene.turn();
  CHECK(scene.seen == "abc-");
  scene.held.clear();
  scene.turn();
  CHECK(scene.seen == "abc-d");
  scene.held.clear();
  scene.ask('e');
  CHECK(scene.seen == "abc-de");
}
