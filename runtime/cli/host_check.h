// What a configuration needs of this host: files, and the values of secrets.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/host_facts.h"
#include "config/config.h"

namespace coffees::cli {

/// The host's user and group behind the handlers of a function. As root each function has its own (`index`
/// tells them apart), else they are those of the server.
struct HandlerIdentity {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
};
HandlerIdentity handler_identity(std::uint32_t index, const HostFacts& host);

/// What is missing or not permitted of `files`, `secrets` and the like, one problem each with its place in
/// the configuration. Empty: every function can have what it is to have.
std::vector<config::Problem> problems_here(const config::Loaded& loaded, const HostFacts& host);

/// The values of a function's secrets by variable. What cannot be read is left out; problems_here() has named
/// it. One line end at the end of a file does not belong to the value.
std::map<std::string, std::string> secret_values(const config::Function& function);

/// What the host does of what these functions ask for beyond the defaults, for the start-up report.
std::vector<Feature> features_asked_for(const config::Config& configuration, const HostFacts& host);

}  // namespace coffees::cli
