# file: daemon/sync/event_delivery.cpp
# R4: a webhook moves the cursor
s|^  const Instant created_at = .*|&\n  write.cursor = EventWrite::Cursor{write.page.events.front().id, created_at};|
