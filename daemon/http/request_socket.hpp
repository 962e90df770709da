#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "http/head_scan.hpp"
#include "http/waiting_places.hpp"
#include "support/deadline.hpp"

namespace mirror::http {

/// A server's side of a connection, between Poco and the client. A request has to arrive within a limit, all of it:
/// Poco's own timeout is for each read, so that a client which sends a byte now and then could hold a thread for ever.
/// The time runs from the first read of a request until something is sent back, and then again for the answer. Poco
/// gets a request's head and body and no byte of what follows, so that each head is looked at (head_scan.hpp). Used by
/// one thread at a time.
class RequestSocket final : public Poco::Net::StreamSocketImpl {
 public:
  /// All connections of a server share `places`.
  RequestSocket(poco_socket_t descriptor, std::chrono::milliseconds limit, std::shared_ptr<WaitingPlaces> places)
      : StreamSocketImpl(descriptor), limit_(limit), places_(std::move(places)) {}

  /// Throws Poco::TimeoutException when the limit has passed, or if nothing is there and no place to wait for it is
  /// free.
  int receiveBytes(void* buffer, int length, int flags = 0) override;
  /// Sends all. Throws Poco::TimeoutException likewise.
  int sendBytes(const void* buffer, int length, int flags = 0) override;
  using StreamSocketImpl::receiveBytes;
  using StreamSocketImpl::sendBytes;
  /// False as well if no place to wait is free.
  bool poll(const Poco::Timespan& timeout, int mode) override;

  /// What came last is a request's head.
  [[nodiscard]] const HeadScan& head() const { return head_; }
  /// So many bytes of a body follow the head; without a word, Poco gets what comes.
  void expect_body(std::uint64_t length) { body_left_ = length; }
  /// The request has been answered, and the next may come.
  void expect_head();

  /// Whether a request did not arrive in time.
  [[nodiscard]] bool has_expired() const { return expired_; }
  /// Whether a request was given up because too many others were waited for.
  [[nodiscard]] bool was_crowded_out() const { return crowded_out_; }
  /// Ends the connection so that the peer can still read the answer: what it goes on sending is thrown away until it
  /// closes too, for a moment at most. Closing while bytes wait would reset the connection and take the answer along.
  void close_gently();

 private:
  void wait_for_bytes();
  int receive_head(char* buffer, int length);

  const std::chrono::milliseconds limit_;
  const std::shared_ptr<WaitingPlaces> places_;
  HeadScan head_;
  std::optional<std::uint64_t> body_left_;
  std::optional<Deadline> arrived_by_;
  std::optional<Deadline> sent_by_;
  bool expired_ = false;
  bool crowded_out_ = false;
};

/// A listening socket whose connections are RequestSockets, handed out once the head of a request has arrived.
class RequestListener final : public Poco::Net::ServerSocket {
 public:
  /// `limit`: for each request; `waiting`: how many threads may wait for their clients at the same time.
  RequestListener(std::chrono::milliseconds limit, int waiting);
};

}  // namespace mirror::http
