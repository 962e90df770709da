#pragma once

#include <memory>

#include "api/api_options.hpp"
#include "api/endpoint.hpp"
#include "api/http_transport.hpp"

namespace mirror::api {

/// HTTP/1.1 over Poco's sockets: kept-alive connections shared by all threads, TLS 1.2 or later with strict
/// verification, gzip. A request that finds its pooled connection closed is sent again at once if it is safe (GET).
/// Adds Host, Accept-Encoding and Content-Length. Ignores SIGPIPE for the whole process, because OpenSSL writes with
/// write(2).
class PocoTransport final : public HttpTransport {
 public:
  static constexpr std::size_t max_inflated = 64 * 1024 * 1024;

  /// Throws Error (misconfigured) for a base URL or proxy address that can't be used. Opens nothing yet.
  explicit PocoTransport(const ApiOptions& options, const Environment& environment = process_environment());
  ~PocoTransport() override;

  HttpResponse send(const HttpRequest& request, Deadline deadline, const std::stop_token& stop) override;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace mirror::api
