// Cloud functions: each task is an order over HTTP; the runtime starts, keeps and stops the processes that do
// it.
#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "platform/fork.h"
#include "street/lunch.h"

namespace coffees::street {
namespace {

constexpr auto kPatience = std::chrono::minutes(1);

struct Order {
  std::string path;
  std::string body;
};

Order order_for(const Lunch& lunch) {
  if (lunch.digits > 0) return {"/pi", nlohmann::json{{"digits", lunch.digits}}.dump()};
  if (lunch.wait == Duration(0)) return {"/espresso", "{}"};
  return {"/latte",
          nlohmann::json{{"ms", std::chrono::duration<double, std::milli>(lunch.wait).count()}}.dump()};
}

// From "warm, queue;dur=0.005, exec;dur=0.117, ...": how long the handler took.
Duration exec_of(const httplib::Response& response) {
  const std::string timing = response.get_header_value("Server-Timing");
  const std::size_t at = timing.find("exec;dur=");
  const double milliseconds = at == std::string::npos ? 0 : std::strtod(timing.c_str() + at + 9, nullptr);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(milliseconds));
}

class Cloud : public Model {
 public:
  explicit Cloud(const std::function<int()>& serve)
      : pipe_(platform::make_pipe()), server_(serve, pipe_.second.get()) {
    pipe_.second.reset();
    const auto ready = nlohmann::json::parse(platform::read_line(pipe_.first.get()), nullptr, false);
    if (!ready.is_object()) throw std::runtime_error("the server of the cloud functions has not come up");
    port_ = ready.at("port");
  }
  ~Cloud() override {
    server_.ask_to_stop();
    server_.wait();
  }
  [[nodiscard]] const char* name() const override { return "cloud"; }

  std::vector<Stretch> cook(const Lunch& lunch) override {
    std::vector<Stretch> stretches(static_cast<std::size_t>(lunch.tasks));
    std::vector<std::string> refusals(stretches.size());
    const Order order = order_for(lunch);
    std::vector<std::jthread> customers;  // joined also when the system refuses another one
    customers.reserve(stretches.size());
    for (std::size_t i = 0; i < stretches.size(); ++i)
      customers.emplace_back([&, i] {
        Stretch& stretch = stretches[i];
        httplib::Client client("127.0.0.1", port_);
        client.set_read_timeout(kPatience);
        const httplib::Result answer = client.Post(order.path, order.body, "application/json");
        stretch.to = SteadyClock::now();
        // When it began only the runtime knows.
        if (answer && answer->status == 200)
          stretch.from = stretch.to - exec_of(*answer);
        else
          refusals[i] = answer ? answer->body : httplib::to_string(answer.error());
      });
    for (std::jthread& customer : customers) customer.join();
    const auto refused = [](const std::string& why) { return !why.empty(); };
    if (const auto first = std::find_if(refusals.begin(), refusals.end(), refused); first != refusals.end())
      throw std::runtime_error(fmt::format("{} of {} orders were not served; the first of them: {}",
                                           std::count_if(refusals.begin(), refusals.end(), refused),
                                           lunch.tasks, *first));
    return stretches;
  }

 private:
  std::pair<platform::UniqueFd, platform::UniqueFd> pipe_;
  platform::Fork server_;
  int port_ = 0;
};

}  // namespace

std::unique_ptr<Model> cloud(const std::function<int()>& serve) { return std::make_unique<Cloud>(serve); }

}  // namespace coffees::street
