#include <nlohmann/json.hpp>

#include "admin/openapi.h"
#include "outcome_table.h"
#include "refusal_code.h"

namespace coffees::admin {

std::string openapi_document() {
  auto document = nlohmann::ordered_json::parse(kOpenApi);
  auto& code = document["components"]["schemas"]["Problem"]["properties"]["code"];
  std::string meanings = "a stable word:";
  const auto add = [&](const char* name, int status, const char* title) {
    code["enum"].push_back(name);
    meanings.append("\n- `")
        .append(name)
        .append("` (")
        .append(std::to_string(status))
        .append("): ")
        .append(title);
  };
  // Of the outcomes, the admin port answers with this one only.
  for (const OutcomeRow& row : outcome_rows())
    if (row.kind == Outcome::Kind::unknown_function) add(row.code, row.status, row.title);
  for (const RefusalRow& row : refusal_rows()) add(row.name, row.status, row.title);
  code["description"] = meanings;
  return document.dump(1) + "\n";
}

}  // namespace coffees::admin
