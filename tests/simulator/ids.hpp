#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/instant.hpp"
#include "tests/simulator/random.hpp"

namespace mirror::simulator {

/// Makes ids as WorkOS does: a prefix and a ULID of 26 characters, whose first ten say the millisecond. Not
/// thread-safe.
class IdMaker {
 public:
  explicit IdMaker(std::uint64_t seed) : random_(seed) {}

  /// Objects of one millisecond get ids in random order, as from a server with many machines.
  std::string make(std::string_view prefix, Instant created_at);
  /// Like make, but each id sorts behind the one before, also if the clock is set back: event ids give an order.
  std::string make_increasing(std::string_view prefix, Instant created_at);

 private:
  Random random_;
  std::int64_t last_millisecond_ = 0;
  std::uint64_t last_high_ = 0;
};

/// `2026-01-15T12:00:00.000Z`, the form that WorkOS writes.
std::string timestamp(Instant instant);
void append_timestamp(std::string& out, Instant instant);

/// `Mon, 23 Nov 2026 00:29:30 GMT`, the form of HTTP headers.
std::string http_date(Instant instant);

}  // namespace mirror::simulator
