// Where a request wants to go, and whether it may: target, Host and origin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "front/head_scanner.h"
#include "front/origins.h"

namespace coffees::front {

/// Where a request goes.
struct Route {
  enum class Kind { function, health, readiness, options, refused };
  Kind kind = Kind::refused;
  std::string_view function;  ///< kind function; obeys the name grammar
  std::string_view path;      ///< what follows the name: "" or "/..."
  std::string_view query;     ///< what follows "?"
  Refusal refusal;            ///< kind refused
};

/// The methods that reach functions, as an Allow field lists them (RFC 9110 section 10.2.1).
constexpr std::string_view kAllowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Decides by the raw request target, without decoding anything: a name that is not written in plain letters
/// does not match, whatever it would decode to. Views borrow from `target`.
Route route(std::string_view method, std::string_view target);

/// The path in a request target, without query, fragment and authority: what may be shown to others. Empty
/// for targets that have none. `target` may be anything. The view borrows from it.
std::string_view path_of(std::string_view target);

/// Who may call: guards against DNS rebinding (Host) and against web pages that reach for local servers
/// (Origin, Sec-Fetch-Site; https://www.w3.org/TR/fetch-metadata/). Content types are no guard: curl and SDKs
/// send any.
class AccessRules {
 public:
  /// `hosts`: names besides the loopback ones; `bound_host`: the address that is listened on. With 0.0.0.0
  /// or ::, clients may use any address, since only they know which one leads here (a published port of a
  /// container has another one outside). DNS rebinding needs a name, so no address can be one. On loopback
  /// this stays closed: browsers send no Sec-Fetch-Site to addresses that are not. `origins`: whose pages may
  /// call although they come from elsewhere.
  AccessRules(std::vector<std::string> hosts, std::string bound_host, Origins origins = {});

  /// `target` may carry an authority of its own (absolute form); it then replaces `host` (RFC 9112
  /// section 3.2.2). `function`: which one is asked for; empty: none.
  [[nodiscard]] Refusal check(std::string_view target, std::string_view host, std::string_view origin,
                              std::string_view fetch_site, std::string_view function = {}) const;

  [[nodiscard]] const Origins& origins() const { return origins_; }

 private:
  [[nodiscard]] Refusal check_host(std::string_view host) const;

  std::vector<std::string> hosts_;
  bool any_address_;
  Origins origins_;
};

}  // namespace coffees::front
