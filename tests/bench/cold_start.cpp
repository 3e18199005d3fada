// Cold starts as a client sees them: one connection, one request at a time, each served by a new worker
// (keep_warm = "0s"). usage: cold_start PORT TARGET COUNT. Prints JSON.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/statistics.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

int main(int count, char** arguments) {
  if (count != 4) return 2;
  coffees::test::Client client(std::atoi(arguments[1]));
  std::vector<double> times;
  for (int i = 0; i < std::atoi(arguments[3]); ++i) {
    const coffees::test::Response response = client.request("POST", arguments[2], "{}");
    if (response.status != 200 || response.header("x-coffees-start") != "cold") {
      std::fprintf(stderr, "error: not a cold start: status %d, %s\n", response.status,
                   response.header("x-coffees-start").c_str());
      return 1;
    }
    times.push_back(response.seconds * 1e3);
    coffees::test::sleep_ms(2);  // the one before shall be gone: this is about a start, not about a kill
  }
  std::printf(R"({"p50_ms": %.4f, "p99_ms": %.4f})"
              "\n",
              coffees::bench::percentile(times, 50), coffees::bench::percentile(times, 99));
}
