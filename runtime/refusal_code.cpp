#include "refusal_code.h"

namespace coffees {

RefusalCode refusal_code(int status) {
  switch (status) {
    case 403:
      return RefusalCode::cross_site;
    case 404:
      return RefusalCode::not_found;
    case 405:
      return RefusalCode::method_not_allowed;
    case 408:
      return RefusalCode::request_timeout;
    case 413:
      return RefusalCode::body_too_large;
    case 414:
      return RefusalCode::target_too_long;
    case 421:
      return RefusalCode::foreign_host;
    case 431:
      return RefusalCode::head_too_large;
    case 501:
      return RefusalCode::not_implemented;
    case 503:
      return RefusalCode::unavailable;
    case 505:
      return RefusalCode::http_version;
    default:
      return RefusalCode::bad_request;
  }
}

const char* name_of(RefusalCode code) {
  switch (code) {
    case RefusalCode::bad_request:
      return "bad_request";
    case RefusalCode::cross_site:
      return "cross_site";
    case RefusalCode::not_found:
      return "not_found";
    case RefusalCode::method_not_allowed:
      return "method_not_allowed";
    case RefusalCode::request_timeout:
      return "request_timeout";
    case RefusalCode::body_too_large:
      return "body_too_large";
    case RefusalCode::target_too_long:
      return "target_too_long";
    case RefusalCode::foreign_host:
      return "foreign_host";
    case RefusalCode::head_too_large:
      return "head_too_large";
    case RefusalCode::not_implemented:
      return "not_implemented";
    case RefusalCode::unavailable:
      return "unavailable";
    case RefusalCode::http_version:
      return "http_version";
  }
  return "?";
}

}  // namespace coffees
