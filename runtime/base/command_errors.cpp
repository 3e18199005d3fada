#include "base/command_errors.h"

#include <algorithm>
#include <array>

namespace coffees {
namespace {

constexpr std::array kCommandErrors{
    // The program itself, its command line and its surroundings.
    CommandError{"E001", "The program met an error of its own.",
                 "It has a bug, or the machine is out of memory, disk or descriptors.",
                 "Look at the machine first; then report it with the message."},
    CommandError{
        "E101", "A port is taken.", "Another program listens on it, perhaps another server of this kind.",
        "Choose another one with --port or --admin-port, or leave them out: the next free pair is taken."},
    CommandError{"E102", "The server cannot listen on an address.",
                 "The address is not one of this machine's, or listening there is not permitted.",
                 "Name an address of this machine: 127.0.0.1, ::1, or one that `ip addr` lists."},
    CommandError{"E103", "The isolation level `strict` is not possible here.",
                 "The host does not allow one of its parts; the message names it.",
                 "Allow that part, or use isolation = \"best\"."},
    CommandError{"E104", "An option's value cannot be used.",
                 "A file cannot be read, or the value is not a method or a header field.",
                 "The hint shows the form that is expected."},
    CommandError{"E105", "A text is not the URL of a server.", "It has no http:// or no host, or a path.",
                 "Use a URL like http://127.0.0.1:2633."},
    CommandError{"E106", "No server answers.",
                 "None was started, or it listens on another port or belongs to another user.",
                 "Start one with `coffees serve`, or name one with --server URL."},
    CommandError{"E107", "There is no command of this name.", "It may be misspelt.",
                 "Run `coffees --help` to see the commands."},
    CommandError{"E108", "A recording or log file cannot be written.",
                 "Its folder does not exist, is not writable, or the disk is full.", "Name another file."},
    CommandError{"E109", "An option is wrong.", "It is unknown to the command, or lacks its value.",
                 "Run `coffees COMMAND --help` to see the command's options."},
    CommandError{"E110", "The admin port refused a request.", "The message is what it answered.",
                 "With code `unauthorized`: set COFFEES_ADMIN_TOKEN to the server's token."},
    CommandError{"E111", "Not all workers could be started.",
                 "The function's limit is reached, its workers fail to start, or its breaker is open.",
                 "Run `coffees list` and `coffees logs FUNCTION`."},
    CommandError{"E112", "Standard output cannot be written.",
                 "The disk that it goes to is full, or the pipe is closed.",
                 "Make room, and run the command again."},
    CommandError{"E113", "A question was not answered.",
                 "Standard input ended, or the answer is not one of the choices.",
                 "Answer by option; the hint names it."},
    CommandError{"E114", "There is no code of this name.", "It may be misspelt.",
                 "Run `coffees explain` to see all codes."},
    // Functions and their libraries.
    CommandError{"E200", "A function cannot be started.", "The message says what failed.",
                 "Run `coffees check` again after the fix."},
    CommandError{"E201", "There is no function of this name.",
                 "It is not in the configuration that the server read.",
                 "Run `coffees list` to see the functions."},
    CommandError{
        "E202", "A handler library cannot be loaded.",
        "It is not a shared library for this machine, or a library or symbol that it needs is missing.",
        "Link what it needs (-l NAME), and put libraries of your own beside it with RPATH $ORIGIN."},
    CommandError{"E203", "A handler library was built for another version of the interface.",
                 "The headers that it was built with are older or newer than this program.",
                 "Build it again with the installed <coffees/handler.hpp> or <coffees/abi.h>."},
    CommandError{"E204", "A library has no handler.",
                 "COFFEES_HANDLER is missing, or its symbol is hidden or stripped.",
                 "Define one with COFFEES_HANDLER(...) in one source file of the library."},
    CommandError{"E205", "The initialisation of a handler library failed.",
                 "COFFEES_INIT or COFFEES_WORKER_INIT threw an exception, which the message names.",
                 "Fix what it does; files and variables that it needs are granted in coffees.toml."},
    CommandError{"E206", "Loading and initialising a library took too long.",
                 "It took longer than init_timeout.",
                 "Raise `init_timeout` of the function, or do less in COFFEES_INIT."},
    CommandError{"E207", "A process ended while it loaded a library.",
                 "A static constructor or COFFEES_INIT crashed or called exit().",
                 "The message names the signal and the place; debug the library's start."},
    CommandError{
        "E208", "A handler library cannot be opened.", "There is no such file, or it may not be read.",
        "Build it, or correct `path` of the function; it is relative to the folder of coffees.toml."},
    CommandError{"E209", "The paths of a function's files and libraries are too long in all.",
                 "They are handed over in one message of at most 160 KiB.",
                 "Grant folders instead of many files, or shorten the paths."},
    CommandError{"E210", "A request was refused.",
                 "It reaches no function: it is too long, or its method or host is not admitted.",
                 "The message says why."},
    CommandError{"E211", "The handler reported an error.",
                 "It threw an exception; type and message are its own.",
                 "Run `coffees logs REQUEST_ID` to see what it printed."},
    CommandError{"E212", "The invocation took longer than its limit.",
                 "The handler computes, waits or hangs for longer than `timeout`.",
                 "Raise `timeout` of the function, or do less per call."},
    CommandError{"E213", "The request was refused for now.",
                 "The function is at its limit, its breaker is open, the memory budget is used up, or the "
                 "server is stopping.",
                 "Send it again later; the message says what would help."},
    CommandError{"E214", "The worker died, or could not be started.",
                 "It crashed, ran out of memory, sent a malformed answer, or its library cannot be loaded.",
                 "The message names the cause; `coffees logs REQUEST_ID` shows what was printed."},
    // The configuration.
    CommandError{"E300", "The configuration file cannot be read.",
                 "There is no such file, or it may not be read.", "Name another one with --config."},
    CommandError{"E301", "The configuration is not TOML.",
                 "A quote, bracket or equals sign is missing at that place.",
                 "See https://toml.io for the format."},
    CommandError{"E302", "A value cannot be used.", "It has no unit, another type, or is out of range.",
                 "The hint shows the form that is expected."},
    CommandError{"E303", "A key is unknown.", "It may be misspelt, or belong in another table.",
                 "The hint names the likeliest key, or all keys."},
    CommandError{"E304", "A name cannot be a function's.", "Names are part of URLs.",
                 "Use letters, digits, - and _, at most 64, not beginning with _."},
    CommandError{"E305", "A function has no library.", "`path` is missing.", "Add path = \"build/NAME.so\"."},
    CommandError{"E306", "Two values contradict each other.",
                 "One of them sets a limit that the other is beyond.",
                 "Change one of them; the message names both."},
    CommandError{"E307", "The admin port would be open to others.",
                 "`admin_host` is not loopback, and there is no token.",
                 "Set `admin_token`, or leave `admin_host` at 127.0.0.1."},
    CommandError{"E308", "A key can have no effect.", "Another key of the function makes it idle.",
                 "Remove it, or change the other key; the message names it."},
    CommandError{"E310", "A file cannot stand where it should.",
                 "Below isolation level full, functions have no root of their own.",
                 "Leave `to` out: the file then stands in the current directory."},
    CommandError{"E311", "A file or folder cannot be granted.",
                 "It is not there, or the function's user may not read or write it.",
                 "Correct the path, or let that user read or write it (chown, chmod)."},
    CommandError{
        "E312", "A secret cannot be read.", "Its file or variable is missing, or all values are too long.",
        "{ file = \"...\" } is relative to the folder of coffees.toml, { env = \"...\" } is a variable of "
        "`coffees serve`."},
};

}  // namespace

std::span<const CommandError> command_errors() { return kCommandErrors; }

const CommandError* find_command_error(std::string_view code) {
  const auto found = std::find_if(kCommandErrors.begin(), kCommandErrors.end(),
                                  [code](const CommandError& one) { return code == one.code; });
  return found == kCommandErrors.end() ? nullptr : &*found;
}

}  // namespace coffees
