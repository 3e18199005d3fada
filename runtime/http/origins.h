// Which web pages of other origins may call functions, and what browsers are told of it.
// https://fetch.spec.whatwg.org/#http-cors-protocol
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coffees::http {

/// The `origins` of the configuration: those of the server, and further ones of single functions. "*" stands
/// for every origin. Values only; any thread may read.
class Origins {
 public:
  using List = std::vector<std::string>;
  using PerFunction = std::map<std::string, List, std::less<>>;

  Origins() = default;
  Origins(List server, PerFunction functions)
      : server_(std::move(server)), functions_(std::move(functions)) {}

  enum class Grant {
    none,
    any,    ///< by "*": its pages may call, but the browser sends and keeps no credentials
    named,  ///< by name: also with credentials
  };
  /// What pages of `origin` may do with `function` (empty: none in particular). Without an origin, as in
  /// requests that a browser makes for an image, only "*" grants anything.
  [[nodiscard]] Grant grant(std::string_view origin, std::string_view function) const;

  /// The header lines for every answer to such a request ("Name: value\r\n" each). Empty where the
  /// configuration names no origins.
  [[nodiscard]] std::string answer_lines(std::string_view origin, std::string_view function) const;

  /// The further header lines for the answer to a preflight: an OPTIONS request with these fields
  /// (header_block.h). Empty when the request is not a preflight. `methods` as in an Allow field.
  static std::string preflight_lines(std::string_view headers, std::string_view methods);

 private:
  [[nodiscard]] const List& further(std::string_view function) const;

  List server_;
  PerFunction functions_;
};

}  // namespace coffees::http
