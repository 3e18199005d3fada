#include "cli/command_line.h"

#include "base/units.h"

namespace coffees::cli {
namespace {

using street::Problem;

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

}  // namespace

CommandLine::CommandLine(CLI::App& app) {
  add_serve(app);
  add_invoke(app);
  add_watching(app);
  add_files(app);
}

void CommandLine::add_serve(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("serve", "run the functions");
  add_functions_options(command, serve_options_.functions);
  add_key_flag(command, "--host", "server.host", serve_options_.functions,
               "address to listen on (default 127.0.0.1)");
  add_key_flag(command, "-p,--port", "server.port", serve_options_.functions,
               "invoke port (default 2633, 0: any free one)");
  add_key_flag(command, "--admin-port", "server.admin_port", serve_options_.functions,
               "admin port (default: the one after the invoke port)");
  command.add_flag("-q,--quiet", serve_options_.quiet, "print no banner and no line per invocation");
  command.add_flag("--json", serve_options_.json, "print one JSON line when ready");
  command.add_option("--log-format", serve_options_.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  command.add_flag("--no-color", serve_options_.no_colour, "no colour, whatever the terminal can do");
  command
      .add_option("--record", serve_options_.record, "append all events to this file, one JSON object a line")
      ->check([](const std::string& file) { return file.empty() ? "names no file" : ""; });
  command.add_flag("--record-texts", serve_options_.record_texts,
                   "also record what handlers print and the messages of their errors");
  command.add_flag("--cancel-on-disconnect", serve_options_.cancel_on_disconnect,
                   "stop an invocation when its client leaves or closes its sending side");
  command
      .add_option_function<std::string>(
          "--record-size",
          [this](const std::string& size) { serve_options_.record_size = *parse_size(size); },
          "start a new file (FILE.000001, ...) after this size, such as 100MiB (default: never)")
      ->check([](const std::string& size) {
        return parse_size(size).value_or(0) > 0 ? "" : "a size like 100MiB";
      });
  add_key_flag(command, "--log-level", "server.log_level", serve_options_.functions,
               "lowest level of the server's own messages: debug, info, warning, error, off");
  command.final_callback([this] { exit_code_ = serve(serve_options_); });
}

void CommandLine::add_invoke(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("invoke", "call one function");
  command.add_option("function", invoke_options_.function, "its name, with a path and query if wanted")
      ->required();
  command.add_option("-d,--data", invoke_options_.data,
                     "the body: text, @FILE, or - or @- for standard input; bytes stay as they are");
  command
      .add_option("-H,--header", invoke_options_.headers,
                  "\"NAME: VALUE\", a header field of the request (repeatable)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  command.add_option("-X,--request", invoke_options_.method, "the method (default POST)");
  add_server_option(command, invoke_options_.server);
  command.add_flag("-i,--include", invoke_options_.include, "print the answer's head, too");
  command.add_flag("-q,--quiet", invoke_options_.quiet, "no timing line");
  command.add_flag("--json", invoke_options_.json, "one JSON document: answer, outcome, timing");
  command.final_callback([this] { exit_code_ = invoke(invoke_options_); });
}

void CommandLine::add_watching(CLI::App& app) {
  CLI::App& list_command = *app.add_subcommand("list", "the functions of a running server");
  add_watch_options(list_command, list_options_, true);
  list_command.final_callback([this] { exit_code_ = list(list_options_); });

  CLI::App& ps_command = *app.add_subcommand("ps", "its workers");
  ps_command.add_option("function", ps_options_.function, "only of this function");
  add_watch_options(ps_command, ps_options_, true);
  ps_command.final_callback([this] { exit_code_ = ps(ps_options_); });

  CLI::App& logs_command = *app.add_subcommand("logs", "what handlers printed");
  logs_command.add_option("function", logs_options_.common.function, "only of this function");
  logs_command.add_flag("-f,--follow", logs_options_.follow, "go on as more is printed");
  logs_command.add_option(
      "--since", logs_options_.since,
      "only what is newer than 30s, 1h30m, or than a time (2026-01-31T12:00:00Z; without Z: local)");
  logs_command.add_option("--request", logs_options_.request,
                          "only of this request id, or of those with this prefix");
  logs_command.add_option("--worker", logs_options_.worker, "only of this worker: espresso#3");
  logs_command.add_option("-n,--lines", logs_options_.lines, "how many of the newest lines (default 1000)")
      ->check(CLI::Range(0, 10'000));
  add_watch_options(logs_command, logs_options_.common, false);
  logs_command.final_callback([this] { exit_code_ = logs(logs_options_); });

  CLI::App& stats_command = *app.add_subcommand("stats", "counts and percentiles of the newest invocations");
  stats_command.add_option("function", stats_options_.common.function, "only of this function");
  stats_command.add_option(
      "--since", stats_options_.since,
      "only what is newer than 30s, 1h30m, or than a time (2026-01-31T12:00:00Z; without Z: local)");
  add_watch_options(stats_command, stats_options_.common, true);
  stats_command.final_callback([this] { exit_code_ = stats(stats_options_); });

  CLI::App& warm_command = *app.add_subcommand("warm", "start workers before they are needed");
  warm_command.add_option("function", warm_options_.common.function, "its name")->required();
  warm_command.add_option("count", warm_options_.count, "how many (default 1)")->check(CLI::Range(1, 10'000));
  add_watch_options(warm_command, warm_options_.common, false);
  warm_command.final_callback([this] { exit_code_ = warm(warm_options_); });

  CLI::App& cold_command =
      *app.add_subcommand("cold", "retire the workers of a function: the next call starts cold");
  cold_command.add_option("function", cold_options_.function, "its name")->required();
  add_watch_options(cold_command, cold_options_, false);
  cold_command.final_callback([this] { exit_code_ = cold(cold_options_); });
}

void CommandLine::add_files(CLI::App& app) {
  CLI::App& check_command = *app.add_subcommand("check", "check configuration and handler libraries");
  add_functions_options(check_command, check_options_.functions);
  check_command.add_flag("--json", check_options_.json, "JSON, for programs");
  check_command.add_flag(
      "--state", check_options_.state,
      "run one event on several workers and warn about random values that all of them share");
  check_command.add_option("-d,--data", check_options_.data,
                           "the event for --state: text, @FILE, or - for standard input (default {})");
  check_command.add_flag("--strict", check_options_.strict, "exit with 8 where there is a warning");
  check_command.final_callback([this] { exit_code_ = check(check_options_); });

  CLI::App& config_command = *app.add_subcommand("config", "the configuration in effect");
  config_command.require_subcommand(1);
  CLI::App& show = *config_command.add_subcommand("show", "every value, as it would stand in coffees.toml");
  add_functions_options(show, config_options_.functions);
  show.add_flag("--origin", config_options_.origin, "say where each value was set");
  show.add_flag("--json", config_options_.json, "JSON, for programs");
  show.final_callback([this] { exit_code_ = config_show(config_options_); });
  CLI::App& explain_command = *app.add_subcommand("explain", "what a code means, and what to do");
  explain_command.add_option("code", explain_options_.code, "E302, crash_loop, ... (default: all)");
  explain_command.add_flag("--json", explain_options_.json, "JSON, for programs");
  explain_command.add_flag("--markdown", explain_options_.markdown, "all, as docs/codes.md has them");
  explain_command.final_callback([this] { exit_code_ = explain(explain_options_); });
  config_command.add_subcommand("schema", "the JSON Schema of coffees.toml, for editors")
      ->final_callback([this] { exit_code_ = config_schema(); });

  add_street(app);

  CLI::App& version_command = *app.add_subcommand("version", "which coffees this is");
  version_command.add_flag("--json", version_json_, "JSON, for programs");
  version_command.final_callback([this] { exit_code_ = version(version_json_); });
}

void CommandLine::add_street(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("street", "two lunches through threads, async, processes and cloud functions");
  command.add_option("--tasks", street_options_.tasks, "in each lunch (default 40)")
      ->check(CLI::Range(2, 200));
  command.add_flag("--json", street_options_.json, "JSON, for programs");
  command.add_flag("--choose", street_options_.choose,
                   "say which of them fits: asks what the flags below leave open");
  const auto question = [&command](const char* flag, std::string& answer,
                                   const std::vector<std::string>& words, const char* about) {
    command.add_option(flag, answer, about)->check(CLI::IsMember(words))->needs("--choose");
  };
  Problem& problem = street_options_.problem;
  question("--worth", problem.worth, {"yes", "no"}, "worth speeding up at all?");
  question("--bound", problem.bound, {"io", "cpu"}, "waits for others, or computes?");
  question("--many-slow-connections", problem.many_slow_connections, {"yes", "no"}, "hundreds at once?");
  question("--shared-state", problem.shared_state, {"yes", "no"}, "do tasks change shared data?");
  question("--under-timeout", problem.under_timeout, {"yes", "no"}, "does each task end before its timeout?");
  command.final_callback([this] { exit_code_ = street(street_options_); });
}

}  // namespace coffees::cli
