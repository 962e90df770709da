#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mirror {

/// A point in UTC time with microsecond resolution (that of PostgreSQL's timestamptz). A plain value.
/// Instants that decide anything come from the API or the database, never from the host's clock.
struct Instant {
  std::int64_t microseconds = 0;  ///< since 1970-01-01T00:00:00Z

  // clang-tidy 14 takes the comparison of its result with 0 for one of pointers.
  friend auto operator<=>(const Instant&, const Instant&) = default;  // NOLINT(modernize-use-nullptr)
};

/// Reads ISO 8601 as the WorkOS API writes it (`2026-01-15T12:00:00.000Z`), the form in its documentation with a
/// space and no zone (`2023-04-28 20:05:31.093`, taken as UTC), numeric offsets (`+02:00`, `+00`), and what PostgreSQL
/// prints. Years 0001 to 9999; digits beyond microseconds are cut. Empty for anything else, never throws.
std::optional<Instant> parse_instant(std::string_view text) noexcept;

/// Reads an HTTP date (`Mon, 23 Nov 2026 00:29:30 GMT`, RFC 9110 section 5.6.7). Empty for anything else.
std::optional<Instant> parse_http_date(std::string_view text) noexcept;

/// `2026-01-15T12:00:00.000000Z`: always six digits, so that the text sorts as the instant does.
std::string to_string(Instant instant);

/// Like to_string, appended to `out` without an allocation of its own.
void append_instant(std::string& out, Instant instant);

inline constexpr std::int64_t microseconds_per_second = 1'000'000;

}  // namespace mirror
