#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/event_types.hpp"
#include "model/row_batch.hpp"
#include "support/instant.hpp"

namespace mirror::api {

/// A row of an EventPage.
struct EventRow {
  std::size_t batch = 0;  ///< counts through EventPage::batches
  std::size_t row = 0;
};

/// One event, decoded as far as it could be.
struct Event {
  std::string id;         ///< empty if unreadable
  std::string type;       ///< "user.updated"; empty if unreadable
  Instant created_at;     ///< the answer's time if unreadable
  std::string raw;        ///< the event as received, secrets removed; empty if it is no object, too deep or too large
  std::string problem;    ///< why it can't be applied (rule R10), without any value of it; empty: it can
  std::string object_id;  ///< of the mirrored object, if it could be read
  const EventType* mirrored = nullptr;  ///< null: only archived
  std::vector<EventRow> rows;  ///< the object first, then those embedded in it; none for a deletion without content

  [[nodiscard]] bool deletes() const { return mirrored != nullptr && mirrored->deletes; }
};

/// Events in the order in which the API told them, with the rows they carry: one batch per mirrored table.
struct EventPage {
  EventPage();

  /// When an event happened, for the order of what the mirror observed: as it says, but not in the future. One that
  /// claims to be of the year 9999 would outlast every later observation.
  [[nodiscard]] Instant time_of(const Event& event) const;

  std::vector<Event> events;
  std::vector<RowBatch> batches;
  std::optional<std::string> after;  ///< the API's next cursor; empty at the end. Only says whether there is more
  Instant answered_at;               ///< the answer's Date; of a webhook the API's time when it came
};

}  // namespace mirror::api
