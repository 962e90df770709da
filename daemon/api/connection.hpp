#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "api/endpoint.hpp"
#include "support/deadline.hpp"
#include "support/error.hpp"

namespace mirror::api {

/// The connection broke; as opposed to a deadline that passed.
class ConnectionLost : public Error {
 public:
  explicit ConnectionLost(const std::string& message) : Error(Fault::unavailable, message) {}
};

/// The other side closed the connection before it answered: with a connection from the pool, the request simply came
/// too late and may be sent again if it is safe.
class ClosedBeforeAnswer : public ConnectionLost {
 public:
  using ConnectionLost::ConnectionLost;
};

/// A descriptor that becomes readable when a stop is requested, so that poll() sees it beside a socket.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  void raise() const noexcept;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// One connection to the API, plain or TLS. The socket never blocks: every wait is a poll() that ends at the deadline
/// of the request in progress, whatever trickles in meanwhile, and at once when a stop is requested. Used by one thread
/// at a time. All members throw Error: unavailable, misconfigured (certificate refused), stopped.
class Connection {
 public:
  /// What a new connection needs to know. `context` is asked only for TLS.
  struct Target {
    const Endpoint& endpoint;
    const std::optional<Proxy>& proxy;
    std::function<Poco::Net::Context::Ptr()> context;
  };

  /// Connects and, for TLS, verifies the certificate.
  Connection(const Target& target, Deadline deadline, const std::stop_token& stop);

  /// Each request has its own deadline and stop.
  void begin(Deadline deadline, const std::stop_token& stop);
  /// The request is over: its stop no longer concerns this connection. False if it came meanwhile; the connection can't
  /// be used again then.
  [[nodiscard]] bool end();
  void write(std::string_view bytes);
  /// At least one byte, or 0 at the end of the stream.
  std::size_t read(char* into, std::size_t size);

  [[nodiscard]] Clock::TimePoint last_used() const { return last_used_; }

 private:
  void connect_any(const std::string& host, std::uint16_t port);
  void connect(const Poco::Net::SocketAddress& address, Deadline deadline);
  void open_tunnel(const Endpoint& endpoint, const Proxy& proxy);
  void start_tls(const std::string& host, Poco::Net::Context::Ptr context);
  void await(short events, Deadline deadline);
  [[nodiscard]] short awaited_by(int result, short plain) const;
  template <typename Action>
  auto translated(std::string_view doing, Action action);

  StopSignal stop_signal_;
  Poco::Net::StreamSocket socket_;
  std::string peer_;  ///< for messages
  bool tls_ = false;
  Deadline deadline_;
  std::stop_token stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  Clock::TimePoint last_used_;
};

}  // namespace mirror::api
