#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mirror::db {

class Connection;

/// The answer to a query that somebody else wrote, as text.
struct TextRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

/// Runs one SELECT in a transaction that can't write. Throws Error; one about the query itself is misconfigured.
TextRows read_text_rows(Connection& connection, const std::string& query);

}  // namespace mirror::db
