// The subcommands of `coffees`, and the exit codes they share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace coffees::cli {

/// What a command ends with; documented in README.md.
enum ExitCode : int {
  kOk = 0,
  kBug = 1,
  kUsage = 2,
  kFunctionError = 3,
  kTimeout = 4,
  kRefused = 5,
  kCrashed = 6,
  kNoServer = 7,
  kBadPlugin = 8,
  kCutOff = 10,
  kPortTaken = 11,
  kNotIsolated = 12,
};

/// Where a command takes its functions from.
struct FunctionsOptions {
  std::string config;                  ///< --config; empty: ./coffees.toml if there is one, else the menu
  std::vector<std::string> libraries;  ///< named on the command line: then no configuration file is read
  std::optional<std::string> isolation;
};

struct ServeOptions {
  FunctionsOptions functions;
  std::optional<std::string> host;
  std::optional<int> port;
  bool quiet = false;  ///< no line per invocation, no banner
  bool json = false;   ///< one JSON line on standard output when ready
  bool cancel_on_disconnect = false;
};

struct InvokeOptions {
  std::string function;
  std::string data;  ///< literal, "@file" or "-"
  std::string server;
  bool include = false;  ///< print the answer's head, too
  bool quiet = false;    ///< no timing line
};

struct CheckOptions {
  FunctionsOptions functions;
};

int serve(const ServeOptions& options);
int invoke(const InvokeOptions& options);
int check(const CheckOptions& options);

/// Reads what FunctionsOptions name. Prints the problems to standard error; nothing is returned then.
std::optional<config::Config> load_configuration(const FunctionsOptions& options);

}  // namespace coffees::cli
