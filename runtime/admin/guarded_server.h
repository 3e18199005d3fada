// What stands between the admin port's clients and the library that answers them: the head of a request is
// read here, within limits of size and time that the library does not know.
#pragma once

#include <httplib.h>

#include <chrono>

namespace coffees::admin {

/// How long a client may take, however busily it sends.
struct ClientTimes {
  std::chrono::milliseconds head{2000};   ///< for all of it; one that means well sends it at once
  std::chrono::milliseconds body{5000};   ///< for all of it
  std::chrono::milliseconds piece{5000};  ///< to take each piece of the answer
};

/// A server that gives the library whole heads only, each of them unambiguous (front/head_scanner.h), and one
/// to a connection: the library loses pipelined ones, and what it misreads cannot become a next one. Whoever
/// is too slow is disconnected.
class GuardedServer : public httplib::Server {
 public:
  explicit GuardedServer(const ClientTimes& times = {}) : times_(times) {}

 private:
  // The library calls this on one of its threads for each connection, and the connection is ours.
  bool process_and_close_socket(socket_t socket) override;

  ClientTimes times_;
};

}  // namespace coffees::admin
