// coffees: reads the command line and calls the one command it names.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/commands.h"

namespace {

using namespace coffees::cli;

void add_functions_options(CLI::App& command, FunctionsOptions& options) {
  command.add_option("libraries", options.libraries,
                     "handler libraries (.so), each a function named after its file");
  command.add_option("-c,--config", options.config,
                     "configuration file (default: ./coffees.toml, else the menu)");
  command
      .add_option("--isolation", options.isolation,
                  "best (what the host allows), strict (all or nothing), none")
      ->check(CLI::IsMember({"best", "strict", "none"}));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Cloud Coffees: a serverless function runtime for one machine");
  app.set_version_flag("--version", std::string("coffees ") + COFFEES_VERSION);
  app.require_subcommand(1);

  ServeOptions serve_options;
  CLI::App* serve_command = app.add_subcommand("serve", "run the functions");
  add_functions_options(*serve_command, serve_options.functions);
  serve_command->add_option("--host", serve_options.host, "address to listen on (default 127.0.0.1)");
  serve_command->add_option("-p,--port", serve_options.port, "invoke port (default 2633, 0: any free one)")
      ->check(CLI::Range(0, 65535));
  serve_command->add_flag("-q,--quiet", serve_options.quiet, "no banner and no line per invocation");
  serve_command->add_flag("--json", serve_options.json, "print one JSON line when ready");
  serve_command->add_flag("--cancel-on-disconnect", serve_options.cancel_on_disconnect,
                          "stop an invocation when its client leaves or closes its sending side");

  InvokeOptions invoke_options;
  CLI::App* invoke_command = app.add_subcommand("invoke", "call one function");
  invoke_command->add_option("function", invoke_options.function, "its name, with a path and query if wanted")
      ->required();
  invoke_command->add_option("-d,--data", invoke_options.data,
                             "the body: text, @FILE, or - for standard input");
  invoke_command->add_option("--server", invoke_options.server, "URL of the server");
  invoke_command->add_flag("-i,--include", invoke_options.include, "print the answer's head, too");
  invoke_command->add_flag("-q,--quiet", invoke_options.quiet, "no timing line");

  CheckOptions check_options;
  CLI::App* check_command = app.add_subcommand("check", "check configuration and handler libraries");
  add_functions_options(*check_command, check_options.functions);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  try {
    if (*serve_command) return serve(serve_options);
    if (*invoke_command) return invoke(invoke_options);
    return check(check_options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error[E001]: %s\n  hint: this is a bug or a machine in trouble; please report it\n",
                 error.what());
    return kBug;
  }
}
