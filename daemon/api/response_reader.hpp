#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_transport.hpp"

namespace mirror::api {

class Connection;

/// Reads one HTTP/1.1 answer to its very end, or throws Error (unavailable): an answer that is cut, too large or
/// without a length that would prove it whole is never returned. Used once, by one thread.
class ResponseReader {
 public:
  static constexpr std::size_t max_head = 64 * 1024;
  static constexpr std::size_t max_headers = 200;
  static constexpr std::size_t max_body = 16 * 1024 * 1024;  ///< as it comes over the wire

  ResponseReader(Connection& connection, const std::string& peer);

  /// Status and headers; interim answers (1xx) are passed over.
  HttpResponse read_head();
  /// Everything. The body is not yet inflated.
  HttpResponse read(std::string_view method);
  /// After read: true if the connection may carry another request.
  [[nodiscard]] bool reusable() const { return reusable_; }

 private:
  void fill();
  std::string read_line(std::size_t& budget);
  HttpResponse read_one_head();
  void read_headers(HttpResponse& response, std::size_t budget);
  void read_exactly(std::string& body, std::size_t size);
  void read_sized(HttpResponse& response, std::string_view length);
  void read_chunked(HttpResponse& response);
  void read_to_close(HttpResponse& response);
  [[noreturn]] void refuse(std::string_view why) const;

  Connection& connection_;
  const std::string& peer_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool anything_came_ = false;
  bool reusable_ = false;
};

}  // namespace mirror::api
