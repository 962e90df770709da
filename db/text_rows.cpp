#include "db/text_rows.hpp"

#include "db/transaction.hpp"

namespace mirror::db {
namespace {

/// As a subquery it can only be one statement, and one that returns rows.
std::string as_subquery(std::string query) {
  while (!query.empty() && std::string(" \t\r\n;").find(query.back()) != std::string::npos) query.pop_back();
  return "SELECT * FROM (\n" + query + "\n) AS desired";
}

}  // namespace

TextRows read_text_rows(Connection& connection, const std::string& query) {
  Transaction transaction(connection);
  transaction.run("SET TRANSACTION READ ONLY");
  const Result result = transaction.run(as_subquery(query));
  TextRows text;
  const auto columns = static_cast<int>(result.columns());
  for (int i = 0; i < columns; ++i) text.columns.emplace_back(result.column_name(i));
  for (const auto& row : result) {
    auto& values = text.rows.emplace_back();
    for (int i = 0; i < columns; ++i) {
      const Field field = row[i];
      values.push_back(field.is_null() ? std::nullopt : std::optional{std::string(view(field))});
    }
  }
  return text;
}

}  // namespace mirror::db
