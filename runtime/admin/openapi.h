// The description of the admin port that it serves itself. The text is runtime/admin/openapi.json, compiled
// in.
#pragma once

namespace coffees::admin {

/// OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), JSON, zero-terminated.
extern const char* const kOpenApi;

}  // namespace coffees::admin
