// The document that describes the admin port against the table that answers: neither may know more.
#include <algorithm>
#include <set>

#include "admin/api.h"
#include "admin/openapi.h"
#include "catch.h"
#include "refusal_code.h"

using namespace coffees;
using nlohmann::json;

TEST_CASE("openapi.json describes exactly the routes that there are") {
  const json document = json::parse(admin::openapi_document());
  std::set<std::string> described;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](unsigned char c) { return std::toupper(c); });
      described.insert(upper.append(" ").append(path));
      CHECK_FALSE(operation["summary"].get<std::string>().empty());
      CHECK(operation["responses"].contains(upper.starts_with("POST") && path.ends_with("/warm") ? "202"
                                                                                                 : "200"));
    }
  const std::vector<std::string> routes = admin::Api::routes();
  CHECK(described == std::set<std::string>(routes.begin(), routes.end()));
}

TEST_CASE("what openapi.json requires is also described, and every reference leads somewhere") {
  const json document = json::parse(admin::openapi_document());
  const std::function<void(const json&)> check = [&](const json& node) {
    if (node.is_object()) {
      if (node.contains("$ref")) {
        const std::string reference = node["$ref"];
        CHECK(document.contains(json::json_pointer(reference.substr(1))));
      }
      if (node.contains("required") && node["required"].is_array())
        for (const json& name : node["required"]) CHECK(node["properties"].contains(name.get<std::string>()));
    }
    if (node.is_structured())
      for (const json& child : node) check(child);
  };
  check(document);
}

TEST_CASE("each parameter in a path is described") {
  const json document = json::parse(admin::openapi_document());
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items()) {
      std::set<std::string> described;
      for (const json& parameter : operation.value("parameters", json::array()))
        if (parameter["in"] == "path") described.insert("{" + parameter["name"].get<std::string>() + "}");
      for (const std::string& name : described) CHECK(path.find(name) != std::string::npos);
      CHECK(static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')) == described.size());
    }
}

TEST_CASE("openapi.json lists every code that an answer of the admin port can have") {
  const json document = json::parse(admin::openapi_document());
  const json& code = document["components"]["schemas"]["Problem"]["properties"]["code"];
  std::set<std::string> listed;
  for (const json& name : code["enum"]) CHECK(listed.insert(name.get<std::string>()).second);
  for (const RefusalRow& row : refusal_rows()) {
    CHECK(listed.count(row.name) == 1);
    CHECK(code["description"].get<std::string>().find(row.title) != std::string::npos);
  }
  CHECK(listed.count("unknown_function") == 1);
}
