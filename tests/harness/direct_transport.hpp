#pragma once

#include <cstddef>
#include <functional>

#include "api/http_transport.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::harness {

/// Hands requests to a simulator of this process without a socket. Lists have at most `page_size` items, so that small
/// directories have many pages. Answers arrive at once; what cuts or delays bytes on the wire is an error. Thread-safe
/// if the listener is.
class DirectTransport final : public api::HttpTransport {
 public:
  /// Sees each whole answer with the request that it belongs to.
  using Listener = std::function<void(const api::HttpRequest&, const api::HttpResponse&)>;

  DirectTransport(simulator::Simulator& workos, std::size_t page_size, Listener listener)
      : workos_(workos), page_size_(page_size), listener_(std::move(listener)) {}

  api::HttpResponse send(const api::HttpRequest& request, Deadline deadline, const std::stop_token& stop) override;

 private:
  simulator::Simulator& workos_;
  const std::size_t page_size_;
  const Listener listener_;
};

}  // namespace mirror::harness
