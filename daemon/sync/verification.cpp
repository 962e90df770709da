#include "sync/verification.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "model/streams.hpp"
#include "sync/environment_guard.hpp"
#include "sync/parallel.hpp"
#include "sync/stream_comparison.hpp"

namespace mirror::sync {
namespace {

bool is_nameable(const TableComparison& table) {
  return table.unchecked == 0 && table.problem.empty() &&
         std::ranges::none_of(table.differences, [](const Difference& each) { return each.object.id.empty(); });
}

std::size_t place_of(const TableSpec& table) {
  const auto tables = all_tables();
  return static_cast<std::size_t>(std::ranges::find(tables, &table) - tables.begin());
}

std::optional<RowState> read_row(db::MirrorReader& mirror, const ObjectName& object) {
  return mirror.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
    return tables.rows(*object.table).read_state(transaction, object.id);
  });
}

std::vector<TableComparison> in_order(std::vector<TableComparison> tables) {
  std::ranges::sort(tables, {}, [](const TableComparison& each) { return place_of(*each.table); });
  return tables;
}

}  // namespace

Verification::Verification(const api::DirectoryApi& api, db::MirrorReader& mirror, const SyncOptions& options,
                           Clock& clock, StatusBoard& board, const VerificationOptions& verification)
    : api_(api), mirror_(mirror), options_(options), clock_(clock), board_(board), verification_(verification) {
  if (options.parallel > 0) verification_.second_look.parallel = options.parallel;
}

std::vector<TableComparison> Verification::run(const std::stop_token& stop) {
  require_comparable(stop);
  ComparisonLedger ledger(verification_.most_suspicions);
  const auto streams = enabled_streams();
  for_each_parallel(
      streams, static_cast<int>(streams.size()), stop,
      [&](const StreamSpec* stream, const std::stop_token& token) { compare_stream(*stream, ledger, token); });
  if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
  look_again(ledger, stop);
  return in_order(ledger.results());
}

std::vector<TableComparison> Verification::run_again(const std::vector<TableComparison>& earlier,
                                                     const std::stop_token& stop) {
  if (!std::ranges::all_of(earlier, is_nameable)) return run(stop);
  ComparisonLedger ledger(verification_.most_suspicions);
  for (const auto& table : earlier) {
    for (const auto& difference : table.differences) {
      if (!is_drift(difference.kind)) continue;
      ledger.add_compared(*table.table, 1);
      ledger.suspect({difference.object, read_row(mirror_, difference.object)});
    }
  }
  look_again(ledger, stop);
  return in_order(ledger.results());
}

std::vector<const StreamSpec*> Verification::enabled_streams() const {
  std::vector<const StreamSpec*> enabled;
  for (const auto* stream : all_streams()) {
    const auto options = options_.streams.find(stream->name);
    if (options == options_.streams.end() || options->second.enabled) enabled.push_back(stream);
  }
  return enabled;
}

/// An empty mirror, or one of another environment, differs in everything: that is said without a walk.
void Verification::require_comparable(const std::stop_token& stop) {
  const auto streams = enabled_streams();
  EnvironmentSample sample;
  const bool was_filled = mirror_.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
    sample = take_environment_sample(transaction, tables);
    return std::ranges::any_of(streams, [&](const StreamSpec* stream) {
      return tables.snapshots.read_stream(transaction, stream->name).seconds_since_start ||
             !tables.rows(*stream->table).is_empty(transaction);
    });
  });
  if (!was_filled) {
    throw Error(Fault::misconfigured,
                fmt::format("the mirror of environment '{}' was never filled: there is nothing to compare",
                            options_.environment),
                "fill it by `authkit-mirror sync` or start the daemon; if it was filled, look at `environment` and "
                "`database.schema`");
  }
  require_same_environment(api_, sample, options_.environment, stop);
}

void Verification::compare_stream(const StreamSpec& stream, ComparisonLedger& ledger, const std::stop_token& stop) {
  const auto live = mirror_.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
    return tables.rows(*stream.table).count_live(transaction);
  });
  board_.update(stream.name, [&](StreamProgress& progress) {
    progress = {};
    progress.phase = "comparing";
    progress.started_at = clock_.wall();
    progress.expected_rows = static_cast<std::uint64_t>(live);
  });
  StreamComparison(api_, mirror_, ledger, board_, stream, verification_.second_look.parallel).run(stop);
  board_.update(stream.name, [&](StreamProgress& progress) {
    progress.phase = "compared";
    progress.finished_at = clock_.wall();
  });
}

void Verification::look_again(ComparisonLedger& ledger, const std::stop_token& stop) {
  SecondLook(api_, mirror_, clock_, verification_.second_look).run(ledger.take_suspicions(), ledger, stop);
}

}  // namespace mirror::sync
