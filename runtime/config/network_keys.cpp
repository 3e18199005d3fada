#include "config/network_keys.h"

#include <algorithm>

#include "addresses.h"
#include "base/field_syntax.h"
#include "base/numbers.h"
#include "config/key_kinds.h"

namespace coffees::config {
namespace {

constexpr const char* kTextsSchema = R"("type": "array", "items": {"type": "string"})";

// A list of texts, each of which `complaint` has nothing to say about.
template <typename Target>
Key<Target> texts(const char* name, std::vector<std::string> Target::*member, const char* about,
                  const std::function<std::string(const std::string&)>& complaint) {
  Key<Target> key{.name = name, .about = about};
  key.read = [=](const toml::node& node, Target& target) -> std::string {
    const toml::array* array = node.as_array();
    if (array == nullptr) return fmt::format("a list of texts: {} = [\"...\"]", name);
    std::vector<std::string> all;
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return fmt::format("a list of texts: {} = [\"...\"]", name);
      if (std::string hint = complaint(*text); !hint.empty()) return hint;
      all.push_back(*text);
    }
    target.*member = std::move(all);
    return {};
  };
  key.show = [=](const Target& target) {
    std::string all = "[";
    for (const std::string& text : target.*member) all += (all.size() == 1 ? "" : ", ") + quoted(text);
    return all + "]";
  };
  key.schema = kTextsSchema;
  return key;
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

std::string port_complaint(const std::string& scheme, const std::string& host, const std::string& port) {
  if (port.starts_with('0') || parse_whole<std::uint16_t>(port).value_or(0) == 0)
    return fmt::format("\"{}://{}:PORT\" has a port from 1 to 65535", scheme, host);
  if ((scheme == "http" && port == "80") || (scheme == "https" && port == "443"))
    return fmt::format("browsers omit the default port: \"{}://{}\"", scheme, host);
  return {};
}

std::string host_complaint(const std::string& host) {
  if (host.find('*') != std::string::npos)
    return "\"*\" alone means every origin; no pattern such as *.example works";
  if (host.starts_with('[')) {
    AddressSet parsed;
    const bool closed = host.ends_with(']');
    return closed && parsed.add(host.substr(1, host.size() - 2)) ? "" : "an IPv6 address stands in [ ]";
  }
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
  if (host.empty() || !plain)
    return "write a host in lower case, as browsers send it; other scripts as xn--...";
  return {};
}

}  // namespace

std::string origin_complaint(const std::string& origin) {
  constexpr const char* form = "an origin is like \"http://localhost:3000\"; \"*\" stands for every one";
  if (origin == "*") return {};
  if (origin == "null")
    return "any page can have the origin null, so it identifies no page; \"*\" allows every page";
  const std::size_t end = origin.find("://");
  if (end == std::string::npos || end == 0) return form;
  const std::string scheme = origin.substr(0, end);
  const bool known = is_lower(scheme[0]) && std::all_of(scheme.begin(), scheme.end(), [](char c) {
                       return is_lower(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                     });
  if (!known) return form;
  if (scheme == "file") return "browsers send the origin null for files: serve the page by HTTP";
  const std::string authority = origin.substr(end + 3);
  if (const std::size_t path = authority.find_first_of("/?#"); path != std::string::npos)
    return fmt::format("an origin has no path: \"{}://{}\"", scheme, authority.substr(0, path));
  const std::size_t colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  const std::string host = authority.substr(0, colon);
  if (std::string hint = host_complaint(host); !hint.empty()) return hint;
  return colon == std::string::npos ? "" : port_complaint(scheme, host, authority.substr(colon + 1));
}

Key<Server> server_origins_key() {
  return texts<Server>("origins", &Server::origins,
                       "Other origins whose web pages may call every function; * for all.", origin_complaint);
}

Key<Function> function_origins_key() {
  return texts<Function>("origins", &Function::origins,
                         "Other origins whose web pages may call it, besides those of the server.",
                         origin_complaint);
}

Key<Server> trusted_proxies_key() {
  return texts<Server>(
      "trusted_proxies", &Server::trusted_proxies,
      "Addresses and networks of proxies whose X-Forwarded-For is trusted.",
      [](const std::string& text) -> std::string {
        AddressSet parsed;
        return parsed.add(text) ? "" : "addresses like \"127.0.0.1\", networks like \"10.0.0.0/8\"";
      });
}

Key<Server> min_upload_key() {
  Key<Server> key{.name = "min_upload", .about = "How slowly a body may come, beyond its first 10 s."};
  key.unit_complaint = kNoUnit;
  key.read = [](const toml::node& node, Server& server) -> std::string {
    constexpr std::string_view per_second = "/s";
    const auto text = node.value<std::string>();
    if (text && text->ends_with(per_second))
      if (const auto rate = parse_size(text->substr(0, text->size() - per_second.size()));
          rate && *rate > 0) {
        server.min_upload = *rate;
        return {};
      }
    return "a size a second like \"64KiB/s\", at least \"1B/s\"";
  };
  key.show = [](const Server& server) { return quoted(format_size(server.min_upload) + "/s"); };
  key.schema = R"("type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?[A-Za-z]+/s$")";
  return key;
}

Key<Server> memory_budget_key() {
  constexpr std::string_view automatic = "auto";
  Key<Server> key = size("memory_budget", &Server::memory_budget,
                         "Memory for all requests and answers in progress; auto: a quarter of the memory of "
                         "the machine or its control group, but room for at least four bodies of max_body.",
                         1 << 20);
  key.read = [read = key.read, automatic](const toml::node& node, Server& server) -> std::string {
    if (node.value<std::string>() == automatic) {
      server.memory_budget = 0;
      return {};
    }
    const std::string hint = read(node, server);
    return hint.empty() ? "" : hint + ", or \"auto\"";
  };
  key.schema = R"("type": "string", "pattern": "^(auto|[0-9]+(\\.[0-9]+)?(B|[KMG]|[KMG]i?B))$")";
  key.show = [automatic](const Server& server) {
    return quoted(server.memory_budget == 0 ? std::string(automatic) : format_size(server.memory_budget));
  };
  return key;
}

Key<Server> host_key() {
  Key<Server> key =
      text("host", &Server::host, "The address of the invoke port; by default 127.0.0.1 and, with it, ::1.");
  key.read = [read = key.read](const toml::node& node, Server& server) {
    server.host_asked_for = true;
    return read(node, server);
  };
  return key;
}

}  // namespace coffees::config
