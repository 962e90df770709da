#include "tests/harness/truth_comparison.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "support/instant.hpp"

namespace mirror::harness {
namespace {

using nlohmann::json;
using Row = std::map<std::string, std::string>;

constexpr std::size_t most_differences = 20;

// What the specs of the tables also say, once more and by hand: a mistake there shows as a difference.

/// The key of an object that a column holds.
std::string key_of(const TableSpec& table, const std::string& column) {
  if (table.name != "organization_memberships") return column;
  if (column == "role_slug") return "role";
  return column == "role_slugs" ? "roles" : column;
}

std::vector<std::string> secrets_of(const TableSpec& table) {
  if (table.name == "invitations") return {"token", "accept_invitation_url"};
  if (table.name == "organizations" || table.name == "organization_domains") return {"verification_token"};
  return {};
}

/// What has a row of its own is not repeated in `_raw`.
std::string omitted_from(const TableSpec& table) {
  if (table.name == "organizations") return "domains";
  return table.name == "organization_memberships" ? "user" : "";
}

void remove_secrets(json& value, const std::vector<std::string>& secrets) {
  if (value.is_object()) {
    for (const auto& key : secrets) value.erase(key);
  }
  if (value.is_structured()) {
    for (auto& member : value) remove_secrets(member, secrets);
  }
}

json expected_raw(json object, const TableSpec& table) {
  object.erase(omitted_from(table));
  remove_secrets(object, secrets_of(table));
  return object;
}

json slugs_of(const json& roles) {
  json slugs = json::array();
  for (const auto& role : roles) slugs.push_back(role.at("slug"));
  return slugs;
}

bool equal_instants(const std::string& stored, const json& listed) {
  const auto here = parse_instant(stored);
  return here && here == parse_instant(listed.get<std::string>());
}

bool equal(const std::string& stored, const json& listed, ColumnType type) {
  if (listed.is_null() || stored == "NULL") return listed.is_null() && stored == "NULL";
  switch (type) {
    case ColumnType::text:
      return stored == (listed.is_string() ? listed.get<std::string>() : listed.dump());
    case ColumnType::boolean:
      return stored == (listed.get<bool>() ? "true" : "false");
    case ColumnType::instant:
      return equal_instants(stored, listed);
    case ColumnType::json:
      return json::parse(stored) == listed;
    case ColumnType::slug:
      return stored == listed.at("slug").get<std::string>();
    case ColumnType::slugs:
      return json::parse(stored) == slugs_of(listed);
  }
  return false;
}

std::vector<std::string> names_of(const TableSpec& table) {
  std::vector<std::string> names{"id", "created_at", "updated_at", "_raw"};
  for (const auto& column : table.columns) names.emplace_back(column.name);
  return names;
}

std::map<std::string, Row> read_rows(TestDatabase& database, const TableSpec& table, const std::string& relation) {
  const auto names = names_of(table);
  std::string columns;
  for (const auto& name : names) {
    const int index = column_index(table, name);
    const bool is_array = index >= 0 && table.columns[static_cast<std::size_t>(index)].type == ColumnType::slugs;
    columns += fmt::format(fmt::runtime(is_array ? "{}array_to_json({})::text" : "{}{}::text"),
                           columns.empty() ? "" : ", ", name);
  }
  std::map<std::string, Row> rows;
  for (const auto& values : database.rows(fmt::format("SELECT {} FROM {}", columns, relation))) {
    Row row;
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = values[i];
    rows[values[0]] = std::move(row);
  }
  return rows;
}

/// Columns that the comparison would pass over.
std::vector<std::string> unknown_columns(TestDatabase& database, const TableSpec& table, const std::string& schema) {
  const auto known = names_of(table);
  std::vector<std::string> unknown;
  for (const auto& column : database.rows(
           fmt::format("SELECT column_name FROM information_schema.columns WHERE table_schema = '{}' AND table_name = "
                       "'{}' AND left(column_name, 1) <> '_'",
                       schema, table.name))) {
    if (std::ranges::find(known, column[0]) == known.end()) {
      unknown.push_back(fmt::format("{}.{} is filled by nobody", table.name, column[0]));
    }
  }
  return unknown;
}

/// Known from when it was seen, not from when it was so.
bool has_no_versions(const TableSpec& table, const std::string& name) {
  const int index = column_index(table, name);
  if (index < 0) return name == "_raw";
  const auto& column = table.columns[static_cast<std::size_t>(index)];
  return column.order == FieldOrder::observed ||
         column.presence[static_cast<std::size_t>(Source::event)] == Presence::never;
}

enum class Fields { all, versioned };

void compare(const json& object, const Row& row, const TableSpec& table, Fields fields,
             std::vector<std::string>& found) {
  const auto id = object.at("id").get<std::string>();
  const auto check = [&](const std::string& column, const json& listed, ColumnType type) {
    if (fields == Fields::versioned && has_no_versions(table, column)) return;
    if (equal(row.at(column), listed, type)) return;
    found.push_back(
        fmt::format("{} {}.{}: mirror {}, truth {}", table.name, id, column, row.at(column), listed.dump()));
  };
  check("created_at", object.at("created_at"), ColumnType::instant);
  check("updated_at", object.at("updated_at"), ColumnType::instant);
  check("_raw", expected_raw(object, table), ColumnType::json);
  for (const auto& column : table.columns) {
    const std::string name(column.name);
    const auto member = object.find(key_of(table, name));
    check(name, member == object.end() ? json(nullptr) : *member, column.type);
  }
}

std::vector<std::string> compare_all(std::map<std::string, Row> rows, const TableSpec& table,
                                     const std::vector<std::string>& truth, Fields fields) {
  std::vector<std::string> found;
  for (const auto& text : truth) {
    const auto object = json::parse(text);
    const auto row = rows.find(object.at("id").get<std::string>());
    if (row == rows.end()) {
      found.push_back(fmt::format("{} {} is missing in the mirror", table.name, object.at("id").get<std::string>()));
      continue;
    }
    compare(object, row->second, table, fields, found);
    rows.erase(row);
  }
  for (const auto& [id, row] : rows) found.push_back(fmt::format("{} {} is alive in the mirror only", table.name, id));
  if (found.size() > most_differences) found.resize(most_differences);
  return found;
}

}  // namespace

std::vector<std::string> differences(TestDatabase& database, const TableSpec& table,
                                     const std::vector<std::string>& truth, const std::string& schema,
                                     const std::string& environment) {
  auto unknown = unknown_columns(database, table, schema);
  if (!unknown.empty()) return unknown;
  const std::string condition = environment.empty() ? "" : " WHERE _env = '" + environment + "'";
  const auto relation = fmt::format("{}.{}_live{}", schema, table.name, condition);
  return compare_all(read_rows(database, table, relation), table, truth, Fields::all);
}

std::vector<std::string> differences_as_of(TestDatabase& database, const TableSpec& table,
                                           const std::vector<std::string>& truth, Instant moment,
                                           const std::string& environment) {
  const auto relation = fmt::format("workos.{}_as_of('{}', '{}')", table.name, to_string(moment), environment);
  return compare_all(read_rows(database, table, relation), table, truth, Fields::versioned);
}

}  // namespace mirror::harness
