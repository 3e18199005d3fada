// Who may call: Host and origin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/head_scanner.h"
#include "http/origins.h"

namespace coffees::http {

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

  /// What a request says about where it goes and comes from.
  struct Asked {
    std::string_view authority;   ///< of its target (Target): it replaces `host` (RFC 9112 section 3.2.2)
    std::string_view host;        ///< Host
    std::string_view origin;      ///< Origin
    std::string_view fetch_site;  ///< Sec-Fetch-Site
    std::string_view function{};  ///< which one is asked for; empty: none
  };
  [[nodiscard]] Refusal check(const Asked& asked) const;

  [[nodiscard]] const Origins& origins() const { return origins_; }

 private:
  [[nodiscard]] Refusal check_host(std::string_view host) const;

  std::vector<std::string> hosts_;
  bool any_address_;
  Origins origins_;
};

}  // namespace coffees::http
