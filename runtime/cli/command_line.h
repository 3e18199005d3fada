// All commands and their options: which there are, what they mean and whom they call.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace coffees::cli {

/// Adds every command to `app`, which it has to outlive: parsing fills in the options and runs the command.
class CommandLine {
 public:
  explicit CommandLine(CLI::App& app);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// What the command that was run has returned.
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  void add_serve(CLI::App& app);
  void add_invoke(CLI::App& app);
  void add_watching(CLI::App& app);
  void add_files(CLI::App& app);
  void add_street(CLI::App& app);

  ServeOptions serve_options_;
  InvokeOptions invoke_options_;
  WatchOptions list_options_;
  WatchOptions ps_options_;
  LogsOptions logs_options_;
  StatsOptions stats_options_;
  WarmOptions warm_options_;
  WatchOptions cold_options_;
  CheckOptions check_options_;
  ConfigOptions config_options_;
  ExplainOptions explain_options_;
  StreetOptions street_options_;
  bool version_json_ = false;
  int exit_code_ = kOk;
};

}  // namespace coffees::cli
