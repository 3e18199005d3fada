#include "cli/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "base/suggest.h"
#include "cli/command_line.h"

namespace coffees::cli {
namespace {

// A command that does not exist, with the one that was probably meant.
int unknown_command(const std::vector<std::string>& known, const std::string& word) {
  const std::string meant = did_you_mean(word, known);
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

// A message may repeat words of the command line: "functions.hello.env.PASSWORD=..." without its --set.
std::string without_values(const std::string& message) {
  const std::size_t equals = message.find('=');
  return equals == std::string::npos ? message : message.substr(0, equals) + "=(hidden)";
}

// What was printed has arrived: a full disk is no success.
int after_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  fmt::print(stderr,
             "error[E112]: standard output cannot be written\n  hint: is the disk full that it goes to?\n");
  return exit_code == kOk ? kUsage : exit_code;
}

}  // namespace

int run(int argc, char** argv) {
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
    return unknown_command(commands, without_values(first));
  try {
    app.parse(argc, argv);
    return after_output(command_line.exit_code());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return after_output(app.exit(error) == 0 ? kOk : kUsage);
    if (first.starts_with('-')) return unknown_option(without_values(first));
    const std::vector<CLI::App*> used = app.get_subcommands();
    fmt::print(stderr, "error[E109]: {}\n  hint: coffees {}--help\n", without_values(error.what()),
               used.empty() ? "" : used.front()->get_name() + " ");
    return kUsage;
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) return after_output(kUsage);
    fmt::print(stderr, "error[E001]: {}\n  hint: this is a bug or a machine in trouble; please report it\n",
               error.what());
    return kBug;
  }
}

}  // namespace coffees::cli
