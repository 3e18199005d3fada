// The command line of `coffees`, from argv to the exit code.
#pragma once

namespace coffees::cli {

/// Reads the command line and calls the one command that it names. Returns the exit code (base/exit_code.h).
/// What is wrong with the command line is said on standard error, without the values in it.
int run(int argc, char** argv);

}  // namespace coffees::cli
