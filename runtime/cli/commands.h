// The subcommands of `coffees`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "config/config.h"
#include "street/choose.h"

namespace coffees::cli {

/// Where a command takes its functions from.
struct FunctionsOptions {
  std::string config;                   ///< --config; empty: ./coffees.toml if there is one, else the menu
  std::vector<std::string> libraries;   ///< named on the command line: then no configuration file is read
  std::vector<std::string> set;         ///< --set KEY=VALUE
  std::vector<config::Override> flags;  ///< flags that stand for a key: they win over everything
};

struct ServeOptions {
  FunctionsOptions functions;
  bool quiet = false;  ///< no line per invocation, no banner
  bool json = false;   ///< one JSON line on standard output when ready
  bool cancel_on_disconnect = false;
  std::string log_format = "text";  ///< or "json": one object per line
  bool no_colour = false;
  std::string record;             ///< a file for all events, as JSON Lines; empty: none
  bool record_texts = false;      ///< with what handlers printed and said
  std::uint64_t record_size = 0;  ///< bytes, after which a new file is begun; 0: never
  bool in_background = false;     ///< says nothing, and is not found by commands that name no server
};

struct InvokeOptions {
  std::string function;
  std::string data;                  ///< literal, "@file", "-" or "@-"
  std::vector<std::string> headers;  ///< "Name: value", "Name;" (empty value), "Name:" (not sent)
  std::string method = "POST";
  std::string server;
  bool include = false;  ///< print the answer's head, too
  bool quiet = false;    ///< no timing line
  bool json = false;     ///< one JSON document with answer, timing and outcome in place of the answer
};

struct ExplainOptions {
  std::string code;  ///< "E302", "crash_loop"; empty: all
  bool json = false;
  bool markdown = false;  ///< all, as docs/codes.md has them
};

struct CheckOptions {
  FunctionsOptions functions;
  bool json = false;
  bool state = false;       ///< look for what is drawn once for all workers
  std::string data = "{}";  ///< the event for that: literal, "@file" or "-"
  bool strict = false;      ///< a warning counts as a failure
};

/// What the commands that watch and operate a running server have in common.
struct WatchOptions {
  std::string server;    ///< URL of either port; empty: as server_file.h finds it
  std::string function;  ///< only of this function, or the one to act on; empty: all
  bool json = false;
  bool watch = false;  ///< again every second
  bool no_colour = false;
};

struct LogsOptions {
  WatchOptions common;
  bool follow = false;
  std::string since;    ///< a duration: only of so long ago; or a timestamp: only after it
  std::string request;  ///< a request id, or its beginning
  std::string worker;   ///< "espresso#3"
  int lines = 1000;     ///< how many of the newest
};

struct WarmOptions {
  WatchOptions common;
  int count = 1;
};

struct StatsOptions {
  WatchOptions common;
  std::string since;
};

struct ConfigOptions {
  FunctionsOptions functions;
  bool origin = false;  ///< say where each value was set
  bool json = false;
};

struct StreetOptions {
  bool json = false;
  int tasks = 40;  ///< in each lunch
  bool choose = false;
  street::Problem problem;  ///< for `choose`: what need not be asked any more
};

int serve(const ServeOptions& options);
int invoke(const InvokeOptions& options);
int check(const CheckOptions& options);
int list(const WatchOptions& options);
int ps(const WatchOptions& options);
int logs(const LogsOptions& options);
int warm(const WarmOptions& options);
int cold(const WatchOptions& options);
int stats(const StatsOptions& options);
int config_show(const ConfigOptions& options);
int explain(const ExplainOptions& options);
int config_schema();
int street(const StreetOptions& options);
/// Its `--choose`: asks what the options leave open, on standard error, and prints the one answer.
int choose(const StreetOptions& options);
int version(bool json);

/// The notice for a server without a configuration, which serves the menu: which file it looked for, and what
/// the menu has. Empty where there is a configuration.
std::string notice_of_menu(const FunctionsOptions& options, const config::Config& configuration);

/// Reads what FunctionsOptions name: flags win over --set, --set over the environment, that over the file.
config::Loaded read_configuration(const FunctionsOptions& options);
/// The same; prints the problems to standard error, and nothing is returned then.
std::optional<config::Loaded> load_configuration(const FunctionsOptions& options);

/// What `--data` names: "@file", "-" or "@-" for standard input, anything else literally. Nothing when the
/// file cannot be read.
std::optional<std::string> read_data(const std::string& data);

/// "E204: path has no ..." comes apart into code and message; any other text gets `otherwise` for its code.
config::Problem coded(const std::string& message, const std::string& otherwise);

}  // namespace coffees::cli
