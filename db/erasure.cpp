#include "db/erasure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "db/array_literal.hpp"
#include "db/change_feed.hpp"
#include "db/erased_ids.hpp"
#include "db/erasure_places.hpp"
#include "db/person_search.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "model/personal_columns.hpp"
#include "model/streams.hpp"

namespace mirror::db {
namespace {

using Ids = std::vector<std::string>;

/// One erasure in its transaction.
class Eraser {
 public:
  Eraser(Transaction& transaction, const std::string& environment, PersonTraces found, ErasedIds& erased,
         ChangeFeed& feed)
      : transaction_(transaction),
        connection_(transaction.connection()),
        search_(transaction, environment),
        environment_(environment),
        traces_(std::move(found)),
        erased_(erased),
        feed_(feed) {}

  /// All that can be removed; what came since the search included.
  void remove() {
    erased_at_ = *read_text(transaction_.run("SELECT clock_timestamp()"), 0, 0);
    search_.add_news(traces_);
    ids_ = traces_.objects;
    ids_.push_back(traces_.user);
    literal_ = array_literal(ids_);
    words_ = id_pattern(ids_);
    erased_.require_key(transaction_);
    remember(ids_);
    remove_feed_content();
    remove_rows();
    remove_mentions();
    remove_events();
    remove_from_feed_of_others();
    remove_quarantined();
    for (const auto& place : erasure_places()) {
      if (search_.exists(place.table, place.column)) remove_from(place);
    }
    recount_holds();
    clear_commands();
  }

  Erasure note(std::string_view erased_by) {
    Erasure erasure;
    erasure.hash = hex(erased_.hash(traces_.user));
    erasure.erased_at = to_string(at());
    erasure.shared_addresses = traces_.shared_addresses;
    erasure.walks = read_number(
        transaction_.run(fmt::format("SELECT count(*) FROM {} WHERE _env = $1 AND (segment = ANY ($2::text[]) OR "
                                     "progress::text ~ $3)",
                                     connection_.table("walks")),
                         environment_, literal_, words_),
        0, 0);
    std::string removed = "{";
    for (const auto& [table, place] : places_) {
      erasure.places.push_back({table, place.removed, place.cleared});
      removed += fmt::format("{}\"{}\": {}", removed.size() > 1 ? ", " : "", table, place.removed + place.cleared);
    }
    const auto noted = transaction_.run(
        fmt::format(
            "INSERT INTO {} AS known (_env, hash, erased_at, erased_by, removed) "
            "VALUES ($1, decode($2, 'hex'), $3::timestamptz, $4, $5::jsonb) ON CONFLICT (_env, hash) DO UPDATE "
            "SET repeated_at = EXCLUDED.erased_at, removed = (SELECT COALESCE(jsonb_object_agg(place, sum), "
            "'{{}}') FROM (SELECT key AS place, sum(value::bigint) FROM (SELECT * FROM "
            "jsonb_each_text(known.removed) UNION ALL SELECT * FROM jsonb_each_text(EXCLUDED.removed)) AS counted "
            "GROUP BY key) AS sums) RETURNING erased_at",
            connection_.table("erasures")),
        environment_, erasure.hash, erasure.erased_at, erased_by, removed + "}");
    erasure.first_at = to_string(parse_instant(*read_text(noted, 0, 0)).value());
    return erasure;
  }

 private:
  [[nodiscard]] Instant at() const { return parse_instant(erased_at_).value_or(Instant{}); }
  void removed(std::string_view table, const Result& result) {
    if (result.affected_rows() > 0) places_[std::string(table)].removed += static_cast<long>(result.affected_rows());
  }
  void cleared(std::string_view table, const Result& result) {
    if (result.affected_rows() > 0) places_[std::string(table)].cleared += static_cast<long>(result.affected_rows());
  }

  /// From here on the writer lets nothing of them in.
  void remember(const Ids& ids) {
    ArrayLiteral hashes;
    for (const auto& id : ids) {
      erased_.add(id);
      hashes.add(hex(erased_.hash(id)));
    }
    transaction_.run(fmt::format("INSERT INTO {} (_env, hash) SELECT $1, decode(hash, 'hex') "
                                 "FROM unnest($2::text[]) AS hash ON CONFLICT DO NOTHING",
                                 connection_.table("erased_ids")),
                     environment_, hashes.str());
  }

  /// Earlier changes keep their numbers, and nothing else.
  void remove_feed_content() {
    const std::string late = search_.exists("changes", "content") ? ", content = NULL" : "";
    std::string tables = "{";
    for (const auto* table : all_tables()) {
      if (is_persons(*table) || !personal_columns(*table).owner.empty()) {
        tables += (tables.size() > 1 ? "," : "") + std::string(table->name);
      }
    }
    cleared("changes",
            transaction_.run(fmt::format("UPDATE {} SET op = 'erased', id = NULL, event_id = NULL, before = NULL{} "
                                         "WHERE _env = $1 AND table_name = ANY ($3::text[]) AND id = ANY ($2::text[])",
                                         connection_.table("changes"), late),
                             environment_, literal_, tables + "}"));
  }

  /// A change of op erase says so to whoever copies the mirror.
  void remove_rows() {
    for (const auto* table : all_tables()) {
      if (!is_persons(*table) && personal_columns(*table).owner.empty()) continue;
      const auto gone =
          transaction_.run(fmt::format("DELETE FROM {} WHERE _env = $1 AND id = ANY ($2::text[]) RETURNING id",
                                       connection_.table(table->name)),
                           environment_, literal_);
      removed(table->name, gone);
      Ids names;
      for (int row = 0; row < static_cast<int>(gone.size()); ++row)
        names.push_back(erased_.name(*read_text(gone, row, 0)));
      std::vector<FeedEntry> entries;
      for (const auto& name : names) entries.push_back({name, "erase", "erase", at(), {}});
      feed_.record(transaction_, table->name, entries);
    }
  }

  /// In rows about others. Their hash stays that of what the API shows, so that a sweep finds them unchanged.
  void remove_mentions() {
    for (const auto* table : all_tables()) {
      const auto column = personal_columns(*table).mention;
      if (column.empty()) continue;
      const auto changed = transaction_.run(
          fmt::format("UPDATE {} SET {} = NULL, _raw = {} WHERE _env = $1 AND {} = ANY ($2::text[]) RETURNING id",
                      connection_.table(table->name), quote_identifier(column), without_ids("_raw"),
                      quote_identifier(column)),
          environment_, literal_, null_pattern(ids_), words_);
      cleared(table->name, changed);
      Ids ids;
      for (int row = 0; row < static_cast<int>(changed.size()); ++row) ids.emplace_back(*read_text(changed, row, 0));
      std::vector<FeedEntry> entries;
      for (const auto& id : ids) entries.push_back({id, "update", "erase", at(), {}});
      feed_.record(transaction_, table->name, entries);
    }
  }

  /// Events about the person go; those that tell of others lose the person's ids.
  void remove_events() {
    ArrayLiteral ids;
    ArrayLiteral instants;
    for (const auto& [id, created_at] : traces_.events) {
      ids.add(id);
      instants.add(created_at);
    }
    const auto events = connection_.table("events");
    const std::string chosen =
        "FROM unnest($2::text[], $3::text[]) AS chosen (id, created_at) WHERE event._env = $1 AND event.id = chosen.id "
        "AND event.created_at = chosen.created_at::timestamptz";
    const auto gone =
        transaction_.run(fmt::format("DELETE FROM {} AS event USING {} AND {} RETURNING event.id, "
                                     "COALESCE(event.object_id = ANY ($4::text[]), false) OR event.raw::text ~ $5",
                                     events, chosen.substr(5), search_.is_about_person("event", 4)),
                         environment_, ids.str(), instants.str(), literal_, words_, traces_.user);
    removed("events", gone);
    // One that names only an address would not be known again.
    Ids unnamed;
    for (int row = 0; row < static_cast<int>(gone.size()); ++row) {
      if (read_text(gone, row, 1) != "t") unnamed.emplace_back(*read_text(gone, row, 0));
    }
    remember(unnamed);
    cleared("events", transaction_.run(fmt::format("UPDATE {} AS event SET raw = {} {}", events,
                                                   without_ids("event.raw", 4), chosen + " AND event.raw::text ~ $5"),
                                       environment_, ids.str(), instants.str(), null_pattern(ids_), words_));
  }

  void remove_from_feed_of_others() {
    for (const auto* column : {"before", "content"}) {
      if (!search_.exists("changes", column)) continue;
      cleared("changes",
              transaction_.run(fmt::format("UPDATE {} SET {} = {} WHERE _env = $1 AND seq = ANY ($2::bigint[]) AND "
                                           "{}::text ~ $4",
                                           connection_.table("changes"), column, without_ids(column), column),
                               environment_, array_literal(traces_.changes), null_pattern(ids_), words_));
    }
  }

  /// Objects of others that name the person come back, without it, when they are listed again.
  void remove_quarantined() {
    removed("quarantine",
            transaction_.run(fmt::format("DELETE FROM {} WHERE _env = $1 AND (id = ANY ($2::text[]) OR raw ~ $3 OR "
                                         "EXISTS (SELECT FROM unnest($4::text[]) AS address WHERE strpos(lower(raw), "
                                         "to_json(address)::text) > 0))",
                                         connection_.table("quarantine")),
                             environment_, literal_, words_, array_literal(traces_.addresses)));
  }

  void remove_from(const ErasurePlace& place) {
    const auto table = connection_.table(place.table);
    const auto column = quote_identifier(place.column);
    const std::string ours = place.parent.empty()
                                 ? "_env = $1"
                                 : fmt::format("{} IN (SELECT id FROM {} WHERE _env = $1)",
                                               quote_identifier(place.parent_key), connection_.table(place.parent));
    if (place.removal == Removal::rows) {
      removed(place.table,
              transaction_.run(fmt::format("DELETE FROM {} WHERE {} AND {} = ANY ($2::text[])", table, ours, column),
                               environment_, literal_));
    } else if (place.removal == Removal::value) {
      cleared(place.table, transaction_.run(fmt::format("UPDATE {} SET {} = NULL WHERE {} AND {} = ANY ($2::text[])",
                                                        table, column, ours, column),
                                            environment_, literal_));
    } else if (place.removal == Removal::text) {
      cleared(
          place.table,
          transaction_.run(fmt::format("UPDATE {} SET {} = regexp_replace({}, $2, 'erased', 'g') WHERE {} AND {} ~ $2",
                                       table, column, column, ours, column),
                           environment_, words_));
    }
  }

  /// What waits for a decision is said by number.
  void recount_holds() {
    if (!search_.exists("hold_items", "id")) return;
    transaction_.run(fmt::format("UPDATE {} AS hold SET deletions = (SELECT count(*) FROM {} WHERE hold_id = hold.id) "
                                 "WHERE _env = $1 AND state = 'open'",
                                 connection_.table("holds"), connection_.table("hold_items")),
                     environment_);
  }

  /// The request for this erasure among them.
  void clear_commands() {
    cleared("commands", transaction_.run(fmt::format("UPDATE {} SET arguments = CASE WHEN kind = 'erase' THEN '{{}}' "
                                                     "ELSE {} END, result = {} WHERE _env = $1 AND (arguments::text ~ "
                                                     "$3 OR result::text ~ $3)",
                                                     connection_.table("commands"), without_ids("arguments", 2),
                                                     without_ids("result", 2)),
                                         environment_, null_pattern(ids_), words_));
  }

  Transaction& transaction_;
  const Connection& connection_;
  PersonSearch search_;
  const std::string& environment_;
  PersonTraces traces_;
  ErasedIds& erased_;
  ChangeFeed& feed_;
  Ids ids_;
  std::string literal_;  ///< ids_ for SQL
  std::string words_;    ///< a regular expression that finds them
  std::string erased_at_;
  std::map<std::string, ErasedPlace> places_;
};

}  // namespace

std::string other_table_of(Transaction& transaction, std::string_view environment, std::string_view id) {
  for (const auto* table : all_tables()) {
    if (is_persons(*table)) continue;
    const auto found = transaction.run(
        fmt::format("SELECT FROM {} WHERE _env = $1 AND id = $2", transaction.connection().table(table->name)),
        environment, id);
    if (!found.empty()) return std::string(table->name);
  }
  return {};
}

PersonTraces find_traces(Transaction& transaction, const std::string& environment, const std::string& user) {
  return PersonSearch(transaction, environment).find(user);
}

Erasure erase_person(Transaction& transaction, const std::string& environment, const PersonTraces& found,
                     std::string_view erased_by, ErasedIds& erased, ChangeFeed& feed) {
  Eraser eraser(transaction, environment, found, erased, feed);
  eraser.remove();
  return eraser.note(erased_by);
}

std::vector<ErasureRecord> list_erasures(Transaction& transaction, std::string_view environment) {
  const auto rows = transaction.run(
      fmt::format("SELECT encode(hash, 'hex'), erased_at, erased_by, repeated_at, (SELECT sum(value::bigint) FROM "
                  "jsonb_each_text(removed)) FROM {} WHERE _env = $1 ORDER BY erased_at, hash",
                  transaction.connection().table("erasures")),
      environment);
  std::vector<ErasureRecord> records;
  for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
    const auto text = [&](int column) { return std::string(read_text(rows, row, column).value_or("")); };
    records.push_back({text(0), text(1), text(2), text(3), read_number(rows, row, 4)});
  }
  return records;
}

}  // namespace mirror::db
