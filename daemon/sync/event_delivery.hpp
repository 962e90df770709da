#pragma once

#include <stop_token>
#include <string_view>

#include "sync/event_tail.hpp"
#include "sync/webhook_delivery.hpp"

namespace mirror::sync {

/// Applies the event in a webhook's body, whose signature was verified, under the same rules as the tail's events, and
/// returns after the commit. The cursor stays where it is (rule R4); `tail` is nudged. Thread-safe. Throws Error when
/// the writer can't go on.
Delivery deliver_event(const MirrorSession& session, EventTail& tail, std::string_view body,
                       const std::stop_token& stop);

}  // namespace mirror::sync
