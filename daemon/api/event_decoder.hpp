#pragma once

#include <string_view>

#include "api/event_page.hpp"

namespace mirror::api {

/// Decodes the body of `GET /events`, whose text has been repaired (text_repair.hpp). Events that can't be decoded have
/// a problem. `answered_at` is the answer's time. Throws InvalidBody if `body` is not valid JSON as a whole, ApiError
/// (unavailable) if it is no list. Thread-safe.
EventPage decode_event_page(std::string_view body, Instant answered_at);

/// Decodes one event: a webhook's body, or one from the archive. A page with one event. Throws InvalidBody if `body` is
/// not valid JSON, Error (bad_data) if it is no object with the `id`, the type and the `created_at` of an event.
/// Thread-safe.
EventPage decode_event(std::string_view body, Instant received_at);

}  // namespace mirror::api
