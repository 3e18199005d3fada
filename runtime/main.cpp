// coffees: reads the command line and calls the one command it names.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>

#include "cli/commands.h"
#include "config/units.h"

namespace {

using namespace coffees::cli;
using coffees::street::Problem;

// A flag that stands for a configuration key.
void add_key_flag(CLI::App& command, const std::string& flag, const std::string& key,
                  FunctionsOptions& options, const std::string& about) {
  const std::string name = flag.substr(flag.find("--"));
  command.add_option_function<std::string>(
      flag,
      [&options, key, name](const std::string& value) {
        options.flags.push_back({key, value, name});
      },
      about);
}

void add_functions_options(CLI::App& command, FunctionsOptions& options) {
  command.add_option("libraries", options.libraries,
                     "handler libraries (.so), each a function named after its file");
  command.add_option("-c,--config", options.config,
                     "configuration file (default: ./coffees.toml, else the menu)");
  // Once per value: what follows one may be the name of a library.
  command
      .add_option("--set", options.set,
                  "KEY=VALUE, any configuration key: functions.hello.timeout=5s (repeatable)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  add_key_flag(command, "--isolation", "server.isolation", options,
               "best (what the host allows), strict (all or nothing), none");
}

void add_server_option(CLI::App& command, std::string& server) {
  command.add_option("--server", server,
                     "URL of the server (default: COFFEES_SERVER, else the one that runs here)");
}

void add_watch_options(CLI::App& command, WatchOptions& options, bool repeatable) {
  add_server_option(command, options.server);
  command.add_flag("--json", options.json, "JSON, for programs");
  if (repeatable) command.add_flag("--watch", options.watch, "again every second, until Ctrl-C");
  command.add_flag("--no-color", options.no_colour, "no colour, whatever the terminal can do");
}

// All options of all commands, and what to call.
struct CommandLine {
  explicit CommandLine(CLI::App& app) {
    add_serve(app);
    add_invoke(app);
    add_watching(app);
    add_files(app);
  }

  void add_serve(CLI::App& app) {
    CLI::App& command = *app.add_subcommand("serve", "run the functions");
    add_functions_options(command, serve_options.functions);
    add_key_flag(command, "--host", "server.host", serve_options.functions,
                 "address to listen on (default 127.0.0.1)");
    add_key_flag(command, "-p,--port", "server.port", serve_options.functions,
                 "invoke port (default 2633, 0: any free one)");
    add_key_flag(command, "--admin-port", "server.admin_port", serve_options.functions,
                 "admin port (default: the one after the invoke port)");
    command.add_flag("-q,--quiet", serve_options.quiet, "no banner and no line per invocation");
    command.add_flag("--json", serve_options.json, "print one JSON line when ready");
    command.add_option("--log-format", serve_options.log_format, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    command.add_flag("--no-color", serve_options.no_colour, "no colour, whatever the terminal can do");
    command
        .add_option("--record", serve_options.record,
                    "append all events to this file, one JSON object a line")
        ->check([](const std::string& file) { return file.empty() ? "names no file" : ""; });
    command.add_flag("--record-texts", serve_options.record_texts,
                     "record also what handlers print and say in errors");
    command.add_flag("--cancel-on-disconnect", serve_options.cancel_on_disconnect,
                     "stop an invocation when its client leaves or closes its sending side");
    command.final_callback([this] { exit_code = serve(serve_options); });
  }

  void add_invoke(CLI::App& app) {
    CLI::App& command = *app.add_subcommand("invoke", "call one function");
    command.add_option("function", invoke_options.function, "its name, with a path and query if wanted")
        ->required();
    command.add_option("-d,--data", invoke_options.data, "the body: text, @FILE, or - for standard input");
    add_server_option(command, invoke_options.server);
    command.add_flag("-i,--include", invoke_options.include, "print the answer's head, too");
    command.add_flag("-q,--quiet", invoke_options.quiet, "no timing line");
    command.add_flag("--json", invoke_options.json, "one JSON document: answer, outcome, timing");
    command.final_callback([this] { exit_code = invoke(invoke_options); });
  }

  void add_watching(CLI::App& app) {
    CLI::App& list_command = *app.add_subcommand("list", "the functions of a running server");
    add_watch_options(list_command, list_options, true);
    list_command.final_callback([this] { exit_code = list(list_options); });

    CLI::App& ps_command = *app.add_subcommand("ps", "its workers");
    ps_command.add_option("function", ps_options.function, "only of this function");
    add_watch_options(ps_command, ps_options, true);
    ps_command.final_callback([this] { exit_code = ps(ps_options); });

    CLI::App& logs_command = *app.add_subcommand("logs", "what handlers printed");
    logs_command.add_option("function", logs_options.common.function, "only of this function");
    logs_command.add_flag("-f,--follow", logs_options.follow, "go on as more is printed");
    logs_command.add_option("--since", logs_options.since, "only of so long ago: 30s, 10m");
    logs_command.add_option("--request", logs_options.request,
                            "only of this request id, or those that begin so");
    logs_command.add_option("--worker", logs_options.worker, "only of this worker: espresso#3");
    logs_command.add_option("-n,--lines", logs_options.lines, "the newest so many (default 1000)")
        ->check(CLI::Range(0, 10'000));
    add_watch_options(logs_command, logs_options.common, false);
    logs_command.final_callback([this] { exit_code = logs(logs_options); });

    CLI::App& stats_command =
        *app.add_subcommand("stats", "counts and percentiles of its newest invocations");
    stats_command.add_option("function", stats_options.common.function, "only of this function");
    stats_command.add_option("--since", stats_options.since, "only of so long ago: 30s, 10m");
    add_watch_options(stats_command, stats_options.common, true);
    stats_command.final_callback([this] { exit_code = stats(stats_options); });

    CLI::App& warm_command = *app.add_subcommand("warm", "start workers before they are needed");
    warm_command.add_option("function", warm_options.common.function, "its name")->required();
    warm_command.add_option("count", warm_options.count, "how many (default 1)")
        ->check(CLI::Range(1, 10'000));
    add_watch_options(warm_command, warm_options.common, false);
    warm_command.final_callback([this] { exit_code = warm(warm_options); });

    CLI::App& cold_command =
        *app.add_subcommand("cold", "retire the workers of a function: the next call starts cold");
    cold_command.add_option("function", cold_options.function, "its name")->required();
    add_watch_options(cold_command, cold_options, false);
    cold_command.final_callback([this] { exit_code = cold(cold_options); });
  }

  void add_files(CLI::App& app) {
    CLI::App& check_command = *app.add_subcommand("check", "check configuration and handler libraries");
    add_functions_options(check_command, check_options.functions);
    check_command.add_flag("--json", check_options.json, "JSON, for programs");
    check_command.final_callback([this] { exit_code = check(check_options); });

    CLI::App& config_command = *app.add_subcommand("config", "the configuration in effect");
    config_command.require_subcommand(1);
    CLI::App& show = *config_command.add_subcommand("show", "every value, as it would stand in coffees.toml");
    add_functions_options(show, config_options.functions);
    show.add_flag("--origin", config_options.origin, "say where each value was set");
    show.add_flag("--json", config_options.json, "JSON, for programs");
    show.final_callback([this] { exit_code = config_show(config_options); });
    config_command.add_subcommand("schema", "the JSON Schema of coffees.toml, for editors")
        ->final_callback([this] { exit_code = config_schema(); });

    add_street(app);

    CLI::App& version_command = *app.add_subcommand("version", "which coffees this is");
    version_command.add_flag("--json", version_json, "JSON, for programs");
    version_command.final_callback([this] { exit_code = version(version_json); });
  }

  void add_street(CLI::App& app) {
    CLI::App& command =
        *app.add_subcommand("street", "two lunches through threads, async, processes and cloud functions");
    command.add_option("--tasks", street_options.tasks, "in each lunch (default 40)")
        ->check(CLI::Range(2, 200));
    command.add_flag("--json", street_options.json, "JSON, for programs");
    command.add_flag("--choose", street_options.choose,
                     "say which of them fits: asks what the flags below leave open");
    const auto question = [&command](const char* flag, std::string& answer,
                                     const std::vector<std::string>& words, const char* about) {
      command.add_option(flag, answer, about)->check(CLI::IsMember(words))->needs("--choose");
    };
    Problem& problem = street_options.problem;
    question("--worth", problem.worth, {"yes", "no"}, "worth speeding up at all?");
    question("--bound", problem.bound, {"io", "cpu"}, "waits for others, or computes?");
    question("--many-slow-connections", problem.many_slow_connections, {"yes", "no"}, "hundreds at once?");
    question("--shared-state", problem.shared_state, {"yes", "no"}, "do tasks change something in common?");
    question("--under-timeout", problem.under_timeout, {"yes", "no"}, "is each task done in time?");
    command.final_callback([this] { exit_code = street(street_options); });
  }

  ServeOptions serve_options;
  InvokeOptions invoke_options;
  WatchOptions list_options;
  WatchOptions ps_options;
  LogsOptions logs_options;
  StatsOptions stats_options;
  WarmOptions warm_options;
  WatchOptions cold_options;
  CheckOptions check_options;
  ConfigOptions config_options;
  StreetOptions street_options;
  bool version_json = false;
  int exit_code = kOk;
};

// A command that does not exist, with the one that was probably meant.
int unknown_command(const std::vector<std::string>& known, const std::string& word) {
  const std::string meant = coffees::config::did_you_mean(word, known);
  fmt::print(stderr, "error[E107]: there is no command '{}'\n  hint: {}\n", word,
             meant.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                           : fmt::format("did you mean: coffees {}", meant));
  return kUsage;
}

// Before any command there is only --help and --version.
int unknown_option(const std::string& word) {
  fmt::print(stderr,
             "error[E109]: there is no option '{}' before a command\n  hint: coffees COMMAND {}, or coffees "
             "--help\n",
             word, word);
  return kUsage;
}

// What was printed has arrived: a full disk is no success.
int after_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  fmt::print(stderr,
             "error[E112]: standard output cannot be written\n  hint: is the disk full that it goes to?\n");
  return exit_code == kOk ? kUsage : exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Cloud Coffees: a serverless function runtime for one machine");
  app.name("coffees");
  app.set_version_flag("--version", std::string("coffees ") + COFFEES_VERSION);
  app.require_subcommand(1);
  CommandLine command_line(app);
  const std::string first = argc > 1 ? argv[1] : "";
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
  if (first == "help") {
    const auto all = app.get_subcommands({});
    const auto asked = std::find_if(
        all.begin(), all.end(), [&](const CLI::App* one) { return argc > 2 && one->get_name() == argv[2]; });
    fmt::print("{}", asked != all.end() ? (*asked)->help(app.get_name()) : app.help());
    return after_output(kOk);
  }
  if (!first.empty() && !first.starts_with('-') &&
      std::find(commands.begin(), commands.end(), first) == commands.end())
    return unknown_command(commands, first);
  try {
    app.parse(argc, argv);
    return after_output(command_line.exit_code);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return after_output(app.exit(error) == 0 ? kOk : kUsage);
    if (first.starts_with('-')) return unknown_option(first);
    const std::vector<CLI::App*> used = app.get_subcommands();
    fmt::print(stderr, "error[E109]: {}\n  hint: coffees {}--help\n", error.what(),
               used.empty() ? "" : used.front()->get_name() + " ");
    return kUsage;
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) return after_output(kUsage);
    fmt::print(stderr, "error[E001]: {}\n  hint: this is a bug or a machine in trouble; please report it\n",
               error.what());
    return kBug;
  }
}
