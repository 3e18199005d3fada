#include "front/routes.h"
#include "base/function_name.h"

#include <algorithm>
#include <array>

namespace coffees::front {
namespace {

constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

Route refused(RefusalCode code, std::string detail) {
  Route route;
  route.refusal = {code, std::move(detail)};
  return route;
}

}  // namespace

Route route(std::string_view method, const http::Target& target) {
  if (method == "TRACE" || method == "CONNECT")
    return refused(RefusalCode::method_not_allowed, "functions cannot be called with this method");
  if (target.fault != nullptr) return refused(RefusalCode::bad_request, target.fault);
  Route route;
  route.query = target.query;
  if (target.path != "*") {
    const std::string_view path = target.path.substr(1);
    const std::size_t slash = path.find('/');
    route.function = path.substr(0, slash);
    if (slash != std::string_view::npos) route.path = path.substr(slash);
  }
  if (method == "OPTIONS") {
    route.kind = Route::Kind::options;
    return route;
  }
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
    return refused(RefusalCode::not_implemented, "this method is not implemented");
  if (route.function == "healthz" || route.function == "readyz") {
    if (method != "GET" && method != "HEAD")
      return refused(RefusalCode::method_not_allowed, "health is read with GET");
    route.kind = route.function == "healthz" ? Route::Kind::health : Route::Kind::readiness;
    return route;
  }
  if (route.function.empty())
    return refused(RefusalCode::not_found, "no function is named: POST /{function}");
  if (!has_form_of_name(route.function))
    return refused(RefusalCode::bad_request,
                   "a function's name is made of letters, digits, - and _, at most 64");
  route.kind = Route::Kind::function;
  return route;
}

}  // namespace coffees::front
