// The description of the admin port that it serves itself. The text is runtime/admin/openapi.json, compiled
// in; the error codes come from the tables that the answers come from.
#pragma once

#include <string>

namespace coffees::admin {

/// OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), JSON, zero-terminated; without the error codes.
extern const char* const kOpenApi;

/// The document that is served: kOpenApi with every error code in the schema `Problem`.
std::string openapi_document();

}  // namespace coffees::admin
