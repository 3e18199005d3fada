// Cloud coffees.
//
// A boisterous crowd comes out of the offices. For each customer a stall with one barista floats down out of
// a cloud, and serves that one only. Afterwards the stalls wait a little while: who comes now is served at
// once, by a stall that is there already. Then they float back into the cloud. One order is too complex; it
// goes into the bin, with a shout of "Timeout". Nobody here starts a thread or a process for that, or counts
// stalls: the program orders over HTTP, and the runtime (`coffees serve`) does the rest. While it runs,
// `coffees ps --watch` in another terminal shows the stalls as the runtime sees them.
#include <fmt/format.h>
#include <httplib.h>

#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "street/coffees_server.h"
#include "street/program.h"

using namespace lunch;

namespace {

constexpr double kBrewing = 2;   // seconds of the story
constexpr double kKeepWarm = 5;  // how long a stall waits
constexpr double kPatience = 3;  // with one order

std::string milliseconds(double story_seconds) {
  return fmt::format("{}ms", std::chrono::round<std::chrono::milliseconds>(takes(story_seconds)).count());
}

std::string latte() {
  return nlohmann::json{{"ms", std::chrono::duration<double, std::milli>(takes(kBrewing)).count()}}.dump();
}

// The stalls that are down, as the runtime counts them, and how many of them serve.
struct Stalls {
  std::size_t down = 0;
  std::size_t serving = 0;
};
Stalls stalls(const CoffeesServer& cloud) {
  httplib::Client admin("127.0.0.1", cloud.admin_port());
  const httplib::Result answer = admin.Get("/api/v1/workers");
  if (!answer || answer->status != 200) throw std::runtime_error("the admin port does not answer");
  const auto listed = nlohmann::json::parse(answer->body);
  Stalls seen;
  for (const nlohmann::json& worker : listed.at("workers")) {
    ++seen.down;
    if (worker.at("state") == "busy") ++seen.serving;
  }
  return seen;
}

void order(const CoffeesServer& cloud, const std::string& customer, const std::string& drink,
           const std::string& body) {
  httplib::Client client("127.0.0.1", cloud.port());
  client.set_read_timeout(std::chrono::seconds(10) + takes(10 * kBrewing));
  const double ordered = story_time();
  const httplib::Result answer = client.Post("/" + drink, body, "application/json");
  if (!answer) throw std::runtime_error("no answer: " + httplib::to_string(answer.error()));
  const double waited = story_time() - ordered;
  if (answer->status == 504)
    say(customer, fmt::format("Timeout! the {} order went into the bin after {:.2f} s", drink, waited));
  else if (answer->status == 200)
    say(customer, fmt::format("has a {} from {} ({}) after {:.2f} s", drink,
                              answer->get_header_value("X-Coffees-Worker"),
                              answer->get_header_value("X-Coffees-Start"), waited));
  else
    throw std::runtime_error(fmt::format("status {} for {}: {}", answer->status, drink, answer->body));
}

void crowd(const CoffeesServer& cloud, int customers) {
  say("street", fmt::format("{} customers come", customers));
  std::vector<std::future<void>> all;
  for (int i = 1; i <= customers; ++i)
    all.push_back(std::async(std::launch::async,
                             [&cloud, i] { order(cloud, fmt::format("customer {}", i), "latte", latte()); }));
  std::this_thread::sleep_for(takes(kBrewing / 2));
  const Stalls seen = stalls(cloud);
  say("cloud", fmt::format("{} stalls are down, {} of them serve", seen.down, seen.serving));
  for (std::future<void>& customer : all) customer.get();
}

}  // namespace

int main(int argc, char** argv) {
  Program program("The runtime itself: stalls come when customers come, wait a little, and go.");
  int customers = 8;
  std::string coffees = COFFEES_PROGRAM;
  std::string menu = COFFEES_MENU_DIRECTORY;
  program.option("--customers", customers, "how many come at once", 1, 100);
  program.option("--coffees", coffees, "the path of the program coffees");
  program.option("--menu", menu, "the folder with latte.so and ridiculous.so");
  return program.run(argc, argv, [&] {
    const CoffeesServer cloud(coffees, {menu + "/latte.so", menu + "/ridiculous.so", "--set",
                                        "functions.latte.keep_warm=" + milliseconds(kKeepWarm), "--set",
                                        "functions.latte.timeout=" + milliseconds(10 * kBrewing), "--set",
                                        "functions.ridiculous.timeout=" + milliseconds(kPatience)});
    begin_story();
    say("cloud", fmt::format("{} stalls are down: nobody wants coffee yet", stalls(cloud).down));
    crowd(cloud, customers);
    crowd(cloud, customers / 2 + 1);
    order(cloud, "customer X", "ridiculous", "{}");
    const Clock::time_point too_long = Clock::now() + takes(10 * kKeepWarm) + std::chrono::seconds(10);
    while (stalls(cloud).down > 0) {
      if (Clock::now() > too_long) throw std::runtime_error("a stall does not float back");
      std::this_thread::sleep_for(takes(0.2));
    }
    say("cloud", "all stalls have floated back");
  });
}
