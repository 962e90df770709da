#include "sync/page_comparison.hpp"

#include "sync/erased_content.hpp"

namespace mirror::sync {

void PageComparison::compare(const StreamSpec& stream, const std::string& scope, const api::ListPage& page,
                             const Coverage& covered) {
  compare_rows(page.rows, {});
  compare_range(stream, scope, page, covered);
  for (std::size_t i = 0; i < page.embedded.size(); ++i) {
    compare_rows(page.embedded[i], stream.embedded[i].parent_column);
    compare_embedded(stream.embedded[i], page.embedded[i], page);
  }
  for (const auto& poison : page.poison) add_poison(poison);
}

/// `parent_column` names the object that embeds the rows; empty for rows with a list of their own.
void PageComparison::compare_rows(const RowBatch& listed, std::string_view parent_column) {
  std::vector<std::string_view> ids;
  for (std::size_t row = 0; row < listed.size(); ++row) ids.push_back(listed.id(row));
  RowStates states;
  tables_.rows(listed.table()).read_states(transaction_, ids, states);
  const int parent = parent_column.empty() ? -1 : column_index(listed.table(), parent_column);
  for (std::size_t row = 0; row < listed.size(); ++row) {
    const auto state = states.find(listed.id(row));
    const bool is_known = state != states.end();
    if (!is_known && is_erased(erased_, listed, row)) continue;
    if (is_known && state->second.is_live() && state->second.hash) {
      const auto& hash = *state->second.hash;
      if (hash == listed.hash(row)) continue;
      // A sign-in and the like: the next sweep brings it.
      if (state->second.updated_at == listed.updated_at(row) && hash.same_version(listed.hash(row))) {
        ledger_.add_unannounced(listed.table());
        continue;
      }
    }
    const auto parent_id = parent < 0 ? std::nullopt : listed.value(row, static_cast<std::size_t>(parent));
    ledger_.suspect({{&listed.table(), std::string(listed.id(row)), std::string(parent_id.value_or(""))},
                     is_known ? std::optional(state->second) : std::nullopt});
  }
}

/// Live rows that the list should have shown here, but did not.
void PageComparison::compare_range(const StreamSpec& stream, const std::string& scope, const api::ListPage& page,
                                   const Coverage& covered) {
  if (!covered.in_order) return;
  std::unordered_set<std::string_view> listed(covered.seen_before.begin(), covered.seen_before.end());
  for (const auto& item : page.listed) listed.insert(item.id);
  RowStates states;
  tables_.rows(*stream.table)
      .read_states_in(transaction_, {{scope, covered.from, covered.to}}, stream.scope_column, states);
  for (const auto& [id, state] : states) {
    if (state.is_live() && !listed.contains(id)) ledger_.suspect({{stream.table, id, {}}, state});
  }
}

void PageComparison::compare_embedded(const EmbeddedSpec& spec, const RowBatch& members, const api::ListPage& page) {
  std::unordered_set<std::string_view> listed;
  for (std::size_t row = 0; row < members.size(); ++row) listed.insert(members.id(row));
  for (const auto& poison : page.poison) {
    if (poison.table == spec.table) listed.insert(poison.id);
  }
  std::vector<std::string_view> parents;
  for (std::size_t row = 0; row < page.rows.size(); ++row) parents.push_back(page.rows.id(row));
  suspect_unlisted(*spec.table, spec.parent_column, parents, listed);
}

void PageComparison::suspect_unlisted(const TableSpec& table, std::string_view column,
                                      const std::vector<std::string_view>& values,
                                      const std::unordered_set<std::string_view>& listed) {
  RowStates states;
  tables_.rows(table).read_states_of(transaction_, column, values, states);
  for (const auto& [id, state] : states) {
    if (state.is_live() && !listed.contains(id)) ledger_.suspect({{&table, id, {}}, state});
  }
}

/// What has no id can't be read again: the quarantine knows it by its content or not at all.
void PageComparison::add_poison(const api::Poison& poison) {
  db::QuarantinedObject kept{poison.id, poison.error, poison.raw};
  if (!leave_out_erased(erased_, *poison.table, kept)) return;
  const ObjectName object{poison.table, poison.id, poison.parent_id};
  if (poison.id.empty()) {
    const bool parked =
        tables_.quarantine.contains(transaction_, poison.table->name, {poison.id, poison.error, poison.raw});
    ledger_.report({object, parked ? DifferenceKind::parked : DifferenceKind::undecodable, {}});
    return;
  }
  ledger_.suspect({object, tables_.rows(*poison.table).read_state(transaction_, poison.id)});
}

}  // namespace mirror::sync
