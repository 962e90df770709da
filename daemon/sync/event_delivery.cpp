#include "sync/event_delivery.hpp"

#include "api/api_error.hpp"
#include "api/event_decoder.hpp"
#include "api/text_repair.hpp"

namespace mirror::sync {

Delivery deliver_event(const MirrorSession& session, EventTail& tail, std::string_view body,
                       const std::stop_token& stop) {
  EventWrite write;
  write.via = EventVia::webhook;
  try {
    std::string text(body);
    api::repair_text(text);
    write.page = api::decode_event(text, session.clock.wall());
  } catch (const api::InvalidBody&) {
    return Delivery::malformed;
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_data) throw;
    return Delivery::malformed;
  }
  const Instant created_at = write.page.events.front().created_at;
  write.page.answered_at = session.api.server_time().value_or(created_at);
  session.writer.deliver(std::move(write), stop).get();
  tail.nudge(created_at);
  return Delivery::applied;
}

}  // namespace mirror::sync
