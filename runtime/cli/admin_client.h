// Talking to a running server's admin port.
#pragma once

#include <httplib.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "cli/json.h"

namespace coffees::cli {

/// A server that answered. What fails is printed to standard error, with a hint; the caller only passes the
/// exit code on.
class AdminClient {
 public:
  /// Finds the server (server_file.h) and asks it where its admin port is. `wanted`: a URL of either port, or
  /// empty. Without an answer nothing is returned, and `exit_code` is set.
  static std::optional<AdminClient> find(const std::string& wanted, int& exit_code);

  /// The JSON that a path answers with; nothing when it failed, see exit_code().
  std::optional<Json> get(const std::string& path);
  std::optional<Json> post(const std::string& path, const Json& body);

  /// Follows an event stream, calling `each(id, data)` for every event until it returns false or the stream
  /// ends. Returns whether the stream could be opened.
  bool follow(const std::string& path, const std::function<bool(std::string_view, std::string_view)>& each);

  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  explicit AdminClient(std::string url) : url_(std::move(url)) {}
  std::optional<Json> read(const httplib::Result& result);

  std::string url_;
  int exit_code_ = kOk;
};

/// "a b#c" as it may stand in a URL.
std::string percent_encode(std::string_view text);

/// Calls `show` once, or every second until interrupted when `watch`; each time on a cleared screen if
/// standard output is a terminal. Ends early with what `show` returns when that is not kOk.
int repeat(bool watch, const std::function<int()>& show);

}  // namespace coffees::cli
