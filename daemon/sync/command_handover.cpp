#include "sync/command_handover.hpp"

#include <utility>

#include "db/lease.hpp"
#include "db/snapshot_store.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "sync/command_text.hpp"
#include "sync/snapshot_progress.hpp"

namespace mirror::sync {

CommandHandover::CommandHandover(db::Connection& connection, const std::string& environment, std::string instance,
                                 std::chrono::seconds holder_ttl, Clock& clock, StatusBoard& board)
    : connection_(connection),
      environment_(environment),
      commands_(environment),
      instance_(std::move(instance)),
      holder_ttl_(holder_ttl),
      clock_(clock),
      board_(board) {}

template <typename Action>
auto CommandHandover::in_transaction(Action action) {
  db::Transaction transaction(connection_);
  auto result = action(transaction);
  transaction.commit();
  return result;
}

std::optional<std::string> CommandHandover::ask(const std::string& kind, const std::string& arguments,
                                                const std::stop_token& stop) {
  const auto id = in_transaction(
      [&](db::Transaction& transaction) { return commands_.request(transaction, kind, arguments, instance_); });
  do {
    const auto command = in_transaction([&](db::Transaction& transaction) { return commands_.read(transaction, id); });
    if (command && command->finished) {
      if (command->outcome != "done") throw read_error(command->result);
      return command->result;
    }
    in_transaction([&](db::Transaction& transaction) { return follow(transaction), true; });
    if (!command || is_holder_gone()) {
      withdraw(id);
      return std::nullopt;
    }
  } while (clock_.wait_for(command_poll, stop));
  withdraw(id);
  throw Error(Fault::stopped, "stopped waiting; what the daemon had begun it goes on with");
}

bool CommandHandover::is_holder_gone() {
  const auto holder = db::Lease::read(connection_, environment_);
  return !holder || holder->holder.empty() || holder->holder_session_gone ||
         holder->heartbeat_age_seconds > static_cast<double>(holder_ttl_.count());
}

void CommandHandover::withdraw(std::int64_t id) {
  in_transaction([&](db::Transaction& transaction) { return commands_.withdraw(transaction, id), true; });
}

/// Shows on our own board how far the daemon is.
void CommandHandover::follow(db::Transaction& transaction) {
  const db::SnapshotStore snapshots(environment_);
  for (const auto* stream : all_streams()) {
    const auto running = snapshots.find_running(transaction, stream->name);
    if (!running) continue;
    board_.update(stream->name, [&](StreamProgress& progress) {
      progress.phase = "walking";
      if (!progress.started_at) progress.started_at = clock_.wall();
      show_counts(running->counts, progress);
    });
  }
}

}  // namespace mirror::sync
