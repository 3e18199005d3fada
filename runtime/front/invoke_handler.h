// Requests of one connection to the invoke port: to a function, or about the server's health.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>

#include "front/routes.h"
#include "http/connection.h"
#include "http/handler.h"
#include "invocation.h"

namespace coffees::front {

class InvokeService;

class InvokeHandler final : public http::Handler, public Caller {
 public:
  InvokeHandler(InvokeService& service, http::Connection& connection)
      : service_(service), connection_(connection) {}

  http::Refusal examine(const http::Request& request) override;
  Task<http::Answer> answer(const http::Request& request) override;
  std::string refused(const http::Request& request, const http::Refusal& refusal) override;

  [[nodiscard]] bool has_left() override;

 private:
  Task<http::Answer> invoke(const http::Request& request);
  std::string_view client_of(const http::Request& request);
  [[nodiscard]] http::AnswerFrame frame(const http::Request& request) const;

  InvokeService& service_;
  http::Connection& connection_;
  boost::asio::ip::address peer_;
  std::string peer_text_;  ///< the address of the peer, once it is known

  // Of the request that is being answered.
  Route route_;
  std::string origin_lines_;
  std::string forwarded_;  ///< the client, as a trusted proxy names it
};

}  // namespace coffees::front
