#include "worker/load_explanation.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace coffees {
namespace {

// What dlopen(3) says in glibc's words when a library is not there.
constexpr std::string_view kNotFound = ": cannot open shared object file: No such file or directory";
constexpr std::string_view kUndefined = "undefined symbol: ";

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

LoadExplanation explain_missing(const std::string& name, const std::string& path,
                                const PluginLibraries& libraries, bool private_root) {
  const auto wanted = std::find_if(libraries.others.begin(), libraries.others.end(),
                                   [&name](const OtherLibrary& other) { return other.name == name; });
  const bool known = wanted != libraries.others.end();
  LoadExplanation explanation;
  explanation.message =
      (known && wanted->wanted_by != path ? wanted->wanted_by + ", which it uses, needs " : "it needs ") +
      name + ", which was not found. ";
  if (name.find('/') != std::string::npos) {
    explanation.message += "It is named by a path at which the function sees no file.";
    explanation.hint = "link with -L FOLDER -l NAME instead of the library's path, and -Wl,-rpath,'$ORIGIN'";
    return explanation;
  }
  explanation.message +=
      "It was looked for in " +
      (known && !wanted->folders.empty()
           ? joined(wanted->folders) + " (the library's RUNPATH or RPATH), "
           : std::string("no folder of the library's own (no RUNPATH leads to a folder), ")) +
      "in /etc/ld.so.cache, /lib and /usr/lib. ";
  explanation.message +=
      private_root
          ? "The sandbox shows the system's library folders (/lib, /usr/lib, /usr/local/lib and those of "
            "/etc/ld.so.conf), and of others only the libraries that a RUNPATH or RPATH leads to."
          : "The function sees the whole host, but not the server's LD_LIBRARY_PATH.";
  explanation.hint =
      "install the package that has it (then: ldconfig), or put it beside the handler library and link that "
      "with -Wl,-rpath,'$ORIGIN'";
  return explanation;
}

}  // namespace

LoadExplanation explain_load_failure(const std::string& code, const std::string& text,
                                     const std::string& path, const PluginLibraries& libraries,
                                     bool private_root) {
  if (code == "E203") return {text, "rebuild it against the installed <coffees/handler.hpp>"};
  if (code == "E204") return {text, "define one with COFFEES_HANDLER(...) from <coffees/handler.hpp>"};
  if (code == "E205") {
    const bool in_worker = text.starts_with("worker init failed");
    return {text, std::string(in_worker ? "COFFEES_WORKER_INIT" : "COFFEES_INIT") +
                      " threw this; what it printed is in the log"};
  }
  if (const std::size_t end = text.find(kNotFound); end != std::string::npos) {
    const std::size_t begin = text.rfind(": ", end - 1);
    const std::size_t from = begin == std::string::npos ? 0 : begin + 2;
    return explain_missing(text.substr(from, end - from), path, libraries, private_root);
  }
  if (text.find(kUndefined) != std::string::npos)
    return {text, "link the library that defines it (-l NAME), or compile the source file that does"};
  return {text, "ldd " + path + " lists the libraries that it needs"};
}

}  // namespace coffees
