#pragma once

#include <span>
#include <string_view>

namespace mirror {

/// How a JSON value becomes a PostgreSQL value.
enum class ColumnType {
  text,  ///< string; any other JSON value is kept as its JSON text
  boolean,
  instant,  ///< ISO 8601 string to timestamptz
  json,     ///< kept as it is, jsonb
  slug,     ///< `{"slug": "admin"}` to text
  slugs     ///< `[{"slug": "admin"}, ...]` to text[]
};

/// Where an observation of an object comes from.
enum class Source { list, single, event, embedded };
inline constexpr int source_count = 4;

/// Rule R2: which source carries a field. A field that is missing is cleared only by a source that carries it.
enum class Presence { always, when_set, never };

/// Rule R1: which order decides about a field.
enum class FieldOrder {
  versioned,  ///< the newer `updated_at` wins
  observed    ///< changes without an event or a new `updated_at`; the later answer of the API wins
};

/// A typed column of a mirrored table, besides id, created_at and updated_at, which every table has.
struct ColumnSpec {
  std::string_view name;  ///< column in PostgreSQL
  std::string_view key;   ///< key in the JSON object
  ColumnType type;
  FieldOrder order = FieldOrder::versioned;
  /// In the order of Source.
  Presence presence[source_count] = {Presence::always, Presence::always, Presence::always, Presence::always};
};

/// A column that names another mirrored object: when that one dies, this row dies with it (rule R9).
struct ParentSpec {
  std::string_view column;
  std::string_view table;
};

/// A mirrored table as data. A plain value with static lifetime.
struct TableSpec {
  std::string_view name;
  std::string_view single_path;  ///< `GET <single_path>/{id}` reads one object
  std::span<const ColumnSpec> columns;
  std::span<const ParentSpec> parents;
  std::span<const std::string_view> omitted_keys;  ///< top-level keys that `_raw` does not repeat
  std::span<const std::string_view> secret_keys;   ///< removed from everything we keep, at any depth
};

/// A list inside another object whose members are rows of a table of their own (an organization's domains). The list
/// is complete: a member that it no longer names is gone.
struct EmbeddedSpec {
  std::string_view key;
  const TableSpec* table;
  std::string_view parent_column;  ///< column of `table` that names the object around it
};

/// An object of another stream that each item of a list shows whole. It is not taken for a row: it tells where in that
/// stream's list something stands.
struct MentionSpec {
  std::string_view key;
  std::string_view stream;  ///< empty: none
};

/// One kind of object that is mirrored through a list endpoint.
struct StreamSpec {
  std::string_view name;
  const TableSpec* table;
  std::string_view list_path;
  std::string_view list_query;    ///< fixed parameters, already encoded ("statuses=active,inactive,pending"), or empty
  std::string_view scope_table;   ///< if not empty, listed once per live row of this table,
  std::string_view scope_column;  ///< with `scope_column=<id>`, which is also the column that holds it
  std::span<const EmbeddedSpec> embedded;
  MentionSpec mentions = {};
};

/// The index of `column` in `table.columns`, or -1.
int column_index(const TableSpec& table, std::string_view column) noexcept;

}  // namespace mirror
