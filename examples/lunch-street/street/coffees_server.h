// A `coffees serve` of one's own.
#pragma once

#include <string>
#include <vector>

#include "street/processes.h"

namespace lunch {

/// Runs on free ports of this machine, and is drained when this goes.
class CoffeesServer {
 public:
  /// `program`: the path of coffees. `arguments`: libraries and options. Returns when it is ready; throws
  /// std::runtime_error when it ends instead (it has said why by then).
  CoffeesServer(const std::string& program, const std::vector<std::string>& arguments);
  ~CoffeesServer();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int admin_port() const { return admin_port_; }

 private:
  Pipe output_;
  Staff process_;
  int port_ = 0;
  int admin_port_ = 0;
};

}  // namespace lunch
