#include "sync/event_replay.hpp"

#include <functional>
#include <iterator>

#include "api/event_decoder.hpp"
#include "db/mirror_tables.hpp"
#include "support/log.hpp"

namespace mirror::sync {
namespace {

constexpr int events_per_chunk = 500;

using ReadChunk = std::function<std::vector<db::ArchivedEvent>(WriteSession&, const std::string& after_id)>;

/// An event that can't even be read as one stays where it is.
void apply(const MirrorSession& session, const db::ArchivedEvent& archived, ReplayOutcome& outcome,
           const std::stop_token& stop) {
  ++outcome.read;
  EventWrite again;
  again.via = EventVia::archive;
  try {
    const auto received_at = parse_instant(archived.created_at).value_or(Instant{});
    again.page = api::decode_event(archived.raw, received_at);
    again.page.answered_at = session.api.server_time().value_or(received_at);
  } catch (const Error& error) {
    log::warn("event {} of the archive can't be read: {}", archived.id, error.what());
    ++outcome.parked;
    session.writer.run([&](WriteSession& write) { write.tables.events.note_attempt(write.transaction, archived); },
                       stop);
    return;
  }
  if (!again.page.events.front().problem.empty()) ++outcome.parked;
  session.writer.push(std::move(again), stop);
}

ReplayOutcome apply_chunks(const MirrorSession& session, const ReadChunk& read, const std::stop_token& stop) {
  ReplayOutcome outcome;
  std::string after_id;
  while (true) {
    std::vector<db::ArchivedEvent> chunk;
    session.writer.run([&](WriteSession& write) { chunk = read(write, after_id); }, stop);
    if (chunk.empty()) break;
    after_id = chunk.back().id;
    for (const auto& event : chunk) apply(session, event, outcome, stop);
  }
  session.writer.flush(stop);
  return outcome;
}

}  // namespace

ReplayOutcome retry_events(const MirrorSession& session, bool untried_only, const std::stop_token& stop) {
  const auto outcome = apply_chunks(
      session,
      [&](WriteSession& write, const std::string& after_id) {
        return write.tables.events.read_quarantined(write.transaction, after_id, untried_only, events_per_chunk);
      },
      stop);
  if (outcome.read > 0) {
    log::info("{} events of the quarantine were tried again, {} stay in it", outcome.read, outcome.parked);
  }
  return outcome;
}

ReplayOutcome replay_events(const MirrorSession& session, Instant since, const std::stop_token& stop) {
  const auto outcome = apply_chunks(
      session,
      [&](WriteSession& write, const std::string& after_id) {
        return write.tables.events.read_since(write.transaction, since, after_id, events_per_chunk);
      },
      stop);
  log::info("{} archived events since {} were applied again, {} could not be", outcome.read, to_string(since),
            outcome.parked);
  return outcome;
}

}  // namespace mirror::sync
