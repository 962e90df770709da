#include "sync/stream_comparison.hpp"

#include <fmt/core.h>

#include "model/streams.hpp"
#include "support/error.hpp"
#include "sync/page_comparison.hpp"
#include "sync/parallel.hpp"

namespace mirror::sync {
namespace {

/// Parents asked for in one query.
constexpr int parents_per_query = 500;

const StreamSpec& stream_of(std::string_view table) {
  for (const auto* stream : all_streams()) {
    if (stream->table->name == table) return *stream;
  }
  throw Error(Fault::bug, fmt::format("{} has no list", table));
}

}  // namespace

void StreamComparison::run(const std::stop_token& stop) {
  stream_.scope_table.empty() ? compare_whole_list(stop) : compare_scopes(stop);
}

void StreamComparison::compare_whole_list(const std::stop_token& stop) {
  Ids listed;
  const auto reading = read_list(
      api_, stream_, {},
      [&](const api::ListPage& page, const Coverage& covered) {
        compare_page({}, page, covered);
        if (stream_.embedded.empty()) return;
        for (const auto& item : page.listed) listed.insert(item.id);
      },
      stop);
  count(reading);
  for (const auto& embedded : stream_.embedded) suspect_orphans(*embedded.table, embedded.parent_column, listed, stop);
}

/// The organizations are those that the API lists: the mirror may lack some.
void StreamComparison::compare_scopes(const std::stop_token& stop) {
  Ids compared;
  std::mutex mutex;
  const auto reading = read_list(
      api_, stream_of(stream_.scope_table), {},
      [&](const api::ListPage& page, const Coverage&) {
        for_each_parallel(page.listed, parallel_, stop, [&](const api::ListedItem& item, const std::stop_token& token) {
          {
            const std::lock_guard lock(mutex);
            if (item.id.empty() || compared.contains(item.id)) return;
          }
          if (!compare_scope(item.id, token)) return;
          const std::lock_guard lock(mutex);
          compared.insert(item.id);
        });
        if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
      },
      stop);
  if (!reading.problem.empty()) {
    ledger_.add_problem(*stream_.table, fmt::format("{} (list of {})", reading.problem, stream_.scope_table));
  }
  suspect_orphans(*stream_.table, stream_.scope_column, compared, stop);
}

bool StreamComparison::compare_scope(const std::string& scope, const std::stop_token& stop) {
  const auto reading = read_list(
      api_, stream_, scope,
      [&](const api::ListPage& page, const Coverage& covered) { compare_page(scope, page, covered); }, stop);
  if (reading.vanished) return false;
  count(reading);
  return true;
}

void StreamComparison::compare_page(const std::string& scope, const api::ListPage& page, const Coverage& covered) {
  mirror_.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
    PageComparison(transaction, tables, mirror_.erased(), ledger_).compare(stream_, scope, page, covered);
  });
  board_.update(stream_.name, [&](StreamProgress& progress) { progress.rows += page.listed.size(); });
}

/// Live rows whose parent was not listed.
void StreamComparison::suspect_orphans(const TableSpec& table, std::string_view parent_column, const Ids& parents,
                                       const std::stop_token& stop) {
  std::string after;
  while (!stop.stop_requested()) {
    const bool is_done = mirror_.ask([&](db::Transaction& transaction, const db::MirrorTables& tables) {
      const auto values = tables.rows(table).read_live_values(transaction, parent_column, after, parents_per_query);
      std::vector<std::string_view> unlisted;
      for (const auto& value : values) {
        if (!parents.contains(value)) unlisted.emplace_back(value);
      }
      PageComparison(transaction, tables, mirror_.erased(), ledger_)
          .suspect_unlisted(table, parent_column, unlisted, {});
      if (!values.empty()) after = values.back();
      return values.empty();
    });
    if (is_done) return;
  }
}

void StreamComparison::count(const ListReading& reading) {
  ledger_.add_compared(*stream_.table, reading.rows);
  if (!reading.problem.empty()) ledger_.add_problem(*stream_.table, reading.problem);
  for (std::size_t i = 0; i < reading.embedded.size(); ++i) {
    ledger_.add_compared(*stream_.embedded[i].table, reading.embedded[i]);
  }
}

}  // namespace mirror::sync
