#pragma once

#include <set>
#include <string>

#include "tests/simulator/event_log.hpp"
#include "tests/simulator/listing.hpp"

namespace mirror::simulator {

/// What a client may ask of `GET /events`, besides a page.
struct EventQuery {
  std::set<std::string, std::less<>> names;
  std::string organization_id;  ///< empty: all
  Instant start{0};             ///< inclusive
  Instant end{INT64_MAX};       ///< inclusive
};

/// Throws ApiFailure: 422 without names, 400 for an unknown one, for an unreadable range, a range with a cursor, or one
/// that spans more than 30 days up to its end or `now` (workos.com/docs/events/data-syncing/events-api).
EventQuery read_event_query(const Request& request, Instant now);

/// The events that are visible by now, always oldest first.
class EventListing final : public Listing {
 public:
  EventListing(const EventLog& log, Instant now, EventQuery query) : log_(log), now_(now), query_(std::move(query)) {}

  [[nodiscard]] Page select(const PageQuery& page_query) const override;
  [[nodiscard]] bool knows(std::string_view id) const override { return log_.find(id).has_value(); }
  [[nodiscard]] std::size_t rank(const Item& item) const override;
  [[nodiscard]] Item item(std::string_view id) const override;
  [[nodiscard]] std::optional<Kind> kind() const override { return std::nullopt; }

 private:
  [[nodiscard]] bool passes(const Event& event) const;
  [[nodiscard]] std::size_t index_of(const std::string& cursor) const;

  const EventLog& log_;
  Instant now_;
  EventQuery query_;
};

}  // namespace mirror::simulator
