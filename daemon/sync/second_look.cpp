#include "sync/second_look.hpp"

#include <mutex>

#include "support/error.hpp"
#include "sync/parallel.hpp"

namespace mirror::sync {
namespace {

bool is_live(const std::optional<RowState>& row) {
  return row && row->is_live();
}

bool agree(const ObjectView& view, const std::optional<RowState>& row) {
  if (view.answer == ObjectView::Answer::undecodable) return false;
  if (view.answer == ObjectView::Answer::absent) return !is_live(row);
  return is_live(row) && row->hash && row->hash->same_version(view.hash);
}

bool is_unchanged(const std::optional<RowState>& before, const std::optional<RowState>& now) {
  if (!before || !now) return before.has_value() == now.has_value();
  return before->is_live() == now->is_live() && before->hash == now->hash && before->observed_at == now->observed_at;
}

}  // namespace

void SecondLook::run(std::vector<Suspicion> suspicions, ComparisonLedger& ledger, const std::stop_token& stop) {
  for (int left = options_.looks; left > 0 && !suspicions.empty(); --left) {
    if (!clock_.wait_for(options_.pause, stop)) throw Error(Fault::stopped, "stopped");
    suspicions = look(suspicions, left == 1, ledger, stop);
  }
}

/// Returns those that have to be looked at once more.
std::vector<Suspicion> SecondLook::look(const std::vector<Suspicion>& suspicions, bool is_last,
                                        ComparisonLedger& ledger, const std::stop_token& stop) {
  std::mutex mutex;
  std::vector<Suspicion> remaining;
  for_each_parallel(suspicions, options_.parallel, stop, [&](const Suspicion& each, const std::stop_token& token) {
    Suspicion suspicion = each;
    auto finding = judge(suspicion, token);
    if (!finding.difference && !finding.is_changing) return;
    // The mirror itself says so: there is nothing to wait for.
    const bool is_settled = finding.difference && !is_drift(finding.difference->kind);
    if (is_last || is_settled) {
      finding.difference ? ledger.report(std::move(*finding.difference)) : ledger.add_changing(*each.object.table);
      return;
    }
    const std::lock_guard lock(mutex);
    remaining.push_back(std::move(suspicion));
  });
  if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
  return remaining;
}

/// The API is asked first: a row that was read later and did not change can't have been waiting for that answer.
SecondLook::Finding SecondLook::judge(Suspicion& suspicion, const std::stop_token& stop) {
  const auto view = view_object(api_, suspicion.object, stop);
  const auto before = std::move(suspicion.row);
  suspicion.row = mirror_.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
    return tables.rows(*suspicion.object.table).read_state(transaction, suspicion.object.id);
  });
  if (agree(view, suspicion.row)) return {};
  if (!is_unchanged(before, suspicion.row)) return {std::nullopt, true};
  const auto kind = kind_of(suspicion.object, view, suspicion.row);
  Difference difference{suspicion.object, kind, {}};
  if (kind == DifferenceKind::different) difference.members = members_of(suspicion.object, view);
  return {std::move(difference), false};
}

DifferenceKind SecondLook::kind_of(const ObjectName& object, const ObjectView& view,
                                   const std::optional<RowState>& row) {
  return mirror_.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
    if (view.answer == ObjectView::Answer::absent) {
      return tables.holds.is_held(transaction, *object.table, object.id) ? DifferenceKind::held : DifferenceKind::extra;
    }
    // An object that PostgreSQL can't store is parked too.
    if (tables.quarantine.contains(transaction, object.table->name, {object.id, {}, {}})) return DifferenceKind::parked;
    if (view.answer == ObjectView::Answer::undecodable) return DifferenceKind::undecodable;
    return is_live(row) ? DifferenceKind::different : DifferenceKind::missing;
  });
}

std::vector<std::string> SecondLook::members_of(const ObjectName& object, const ObjectView& view) {
  const auto raw = mirror_.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
    return tables.rows(*object.table).read_raw(transaction, object.id);
  });
  return differing_members(raw.value_or("{}"), view.raw);
}

}  // namespace mirror::sync
