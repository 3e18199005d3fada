// What of a network a function reaches, and whom the admin port trusts then.
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

json ask(const Server& server, const std::string& function, const json& question) {
  const Response response = post(server.port(), "/" + function, question.dump());
  INFO(function << ": " << response.body);
  INFO(server.errors());
  REQUIRE(response.status == 200);
  return response.json();
}

std::string inside(const std::string& name, const std::string& keys) {
  return function(name, fixture("inside"), keys);
}

// The library where every user may read it.
std::string readable(const TemporaryDirectory& place, const std::string& name) {
  fs::permissions(place.path(), fs::perms(0755));
  const std::string path = place.path() + "/" + name + ".so";
  if (!fs::exists(path)) fs::copy_file(fixture(name), path);
  return path;
}

// Handlers that are built with Debian's libraries do their work, whoever runs the server.
void check_debian_libraries(const Server& server) {
  CHECK(ask(server, "sqlite", {})["sum"] == "42");
  CHECK(post(server.port(), "/openssl", "abc").json()["sha256"] ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, appendix B.1
  CHECK(post(server.port(), "/openssl", "abc").json()["context"] == true);
  const json packed = post(server.port(), "/zlib", std::string(10'000, 'x')).json();
  CHECK(packed["same"] == true);
  CHECK(packed["packed"] < 100);
  CHECK(std::abs(ask(server, "blas", {})["dot"].get<double>() - 42.0) < 1e-9);
  const std::string url = server.url() + "/healthz";
  const json open = ask(server, "curl_host", {{"url", url}});
  CHECK(open["body"] == get(server.port(), "/healthz").body);
  const json closed = ask(server, "curl_none", {{"url", url}});
  if (server.level() == "full") CHECK(closed["code"] == 7);  // CURLE_COULDNT_CONNECT
  for (const char* function : {"curl_host", "curl_none"}) CHECK(ask(server, function, {})["body"] == "self");
}

std::string debian_functions(const TemporaryDirectory& place) {
  std::string configuration;
  for (const char* name : {"sqlite", "openssl", "zlib", "blas"})
    configuration += function(name, readable(place, std::string("debian_") + name));
  configuration += function("curl_none", readable(place, "debian_curl"));
  configuration += function("curl_host", readable(place, "debian_curl"), "network = \"host\"");
  return configuration;
}

}  // namespace

TEST_CASE(
    "level full, network none: a function has a loopback interface of its own and reaches nobody else's") {
  Server server(inside("inside", ""));
  if (server.level() != "full") return;
  const json seen = ask(server, "inside", {{"self", true}, {"connect", server.port()}});
  CHECK(seen["self"] == "connected");
  CHECK(seen["connect"] == "Connection refused");
  CHECK(ask(server, "inside", {{"connect", 53}, {"address", "1.1.1.1"}})["connect"] ==
        "Network is unreachable");
}

TEST_CASE("network host: names, hosts and certificates are there, and everything else stays isolated") {
  Server server(inside("inside", "network = \"host\""));
  const json seen =
      ask(server, "inside", {{"connect", server.port()}, {"resolve", "localhost"}, {"list", "/etc"}});
  CHECK(seen["connect"] == "connected");
  CHECK(seen["resolve"] == "ok");  // "http" is looked up in /etc/services on the way
  for (const char* path : {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf"})
    CHECK(ask(server, "inside", {{"read", path}})["read"] == json(read_file(path)));
  if (server.level() != "full") return;
  for (const char* path : {"/etc/passwd", "/etc/shadow", "/proc/self/status", "/usr/bin/env"}) {
    INFO(path);
    CHECK(ask(server, "inside", {{"read", path}})["read"] == nullptr);
  }
  CHECK(ask(server, "inside", {{"path", "/etc/hosts"}, {"write", "x"}})["write"] == "Read-only file system");
  const json certificates = ask(server, "inside", {{"list", "/etc/ssl/certs"}})["list"];
  CHECK(certificates.is_array() == fs::is_directory("/etc/ssl/certs"));
  if (fs::exists("/etc/ssl/certs/ca-certificates.crt"))
    CHECK(ask(server, "inside", {{"read", "/etc/ssl/certs/ca-certificates.crt"}})["read"]
              .get<std::string>()
              .size() > 1000);
}

TEST_CASE(
    "a server with a host-network function wants a token at its admin port, and its 401 says where it is") {
  const TemporaryDirectory runtime;
  const std::vector<std::string> environment{"XDG_RUNTIME_DIR=" + runtime.path()};
  Server server(inside("inside", "network = \"host\""), {}, environment);
  const Response refused = get(server.admin_port(), "/api/v1/functions");
  CHECK(refused.status == 401);
  const std::string file = runtime.path() + "/coffees-server";
  CHECK(refused.json()["hint"].get<std::string>().find(file) != std::string::npos);
  struct stat information {};
  REQUIRE(::stat(file.c_str(), &information) == 0);
  CHECK((information.st_mode & 0777) == 0600);
  std::string token = read_file(file);
  token = token.substr(token.rfind(' ') + 1, 32);
  CHECK(token.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(get(server.admin_port(), "/api/v1/functions", "Authorization: Bearer " + token + "\r\n").status ==
        200);
  CHECK(get(server.admin_port(), "/healthz").status == 200);
  // The commands find it by themselves; nothing else shows it.
  for (const char* command : {"list", "ps", "stats"}) {
    const CommandResult result = run_coffees({command, "--server", server.url()}, {}, environment);
    CHECK(result.exit_code == 0);
    CHECK((result.out + result.err).find(token) == std::string::npos);
  }
  CHECK(server.errors().find(token) == std::string::npos);
  CHECK(get(server.admin_port(), "/api/v1/config", "Authorization: Bearer " + token + "\r\n")
            .body.find(token) == std::string::npos);
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
  CHECK_FALSE(fs::exists(file));
}

TEST_CASE("each server has a token of its own, and a configured one stays the one") {
  const TemporaryDirectory runtime;
  const std::vector<std::string> environment{"XDG_RUNTIME_DIR=" + runtime.path()};
  const std::string configuration = inside("inside", "network = \"host\"");
  const Server first(configuration, {}, environment);
  const Server second(configuration, {}, environment);
  const Server configured("[server]\nadmin_token = \"mine\"\n" + configuration, {}, environment);
  for (const Server* server : {&first, &second})
    CHECK(run_coffees({"list", "--server", server->url()}, {}, environment).exit_code == 0);
  CHECK(get(configured.admin_port(), "/api/v1/functions", "Authorization: Bearer mine\r\n").status == 200);
  CHECK(run_coffees({"list", "--server", configured.url()}, {}, environment).exit_code != 0);
}

TEST_CASE("without a host-network function the admin port wants no token") {
  Server server(inside("inside", ""));
  CHECK(get(server.admin_port(), "/api/v1/functions").status == 200);
}

TEST_CASE("handlers with Debian's libcurl, SQLite, OpenSSL, zlib and BLAS run") {
  const TemporaryDirectory place;
  Server server(debian_functions(place));
  check_debian_libraries(server);
}

TEST_CASE("handlers with Debian's libcurl, SQLite, OpenSSL, zlib and BLAS run as uid 65534") {
  if (::geteuid() != 0) return;  // the test before has run as an ordinary user
  const TemporaryDirectory place;
  Server server(debian_functions(place), Server::AsUser{65534});
  check_debian_libraries(server);
  CHECK(server.level() == Server(function("espresso", menu("espresso"))).level());
}
