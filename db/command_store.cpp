#include "db/command_store.hpp"

#include <fmt/core.h>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

constexpr const char* record_columns = "id, kind, arguments, requested_by, finished_at IS NOT NULL, outcome, result";

CommandRecord read_record(const Result& result, int row) {
  const auto text = [&](int column) { return std::string(read_text(result, row, column).value_or("")); };
  return {read_number(result, row, 0), text(1), text(2), text(3), text(4) == "t", text(5), text(6)};
}

}  // namespace

std::int64_t CommandStore::request(Transaction& transaction, std::string_view kind, std::string_view arguments,
                                   std::string_view requested_by) const {
  const auto result = transaction.run(
      fmt::format("INSERT INTO {} (_env, kind, arguments, requested_by) VALUES ($1, $2, $3::jsonb, $4) RETURNING id",
                  transaction.connection().table("commands")),
      environment_, kind, arguments, requested_by);
  return read_number(result, 0, 0);
}

std::vector<CommandRecord> CommandStore::read_waiting(Transaction& transaction) const {
  const auto result =
      transaction.run(fmt::format("SELECT {} FROM {} WHERE _env = $1 AND finished_at IS NULL ORDER BY id",
                                  record_columns, transaction.connection().table("commands")),
                      environment_);
  std::vector<CommandRecord> commands;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) commands.push_back(read_record(result, row));
  return commands;
}

std::optional<CommandRecord> CommandStore::read(Transaction& transaction, std::int64_t id) const {
  const auto result = transaction.run(
      fmt::format("SELECT {} FROM {} WHERE id = $1", record_columns, transaction.connection().table("commands")), id);
  if (result.empty()) return std::nullopt;
  return read_record(result, 0);
}

void CommandStore::finish(Transaction& transaction, std::int64_t id, std::string_view outcome,
                          std::string_view result) const {
  transaction.run(fmt::format("UPDATE {} SET finished_at = clock_timestamp(), outcome = $2, result = $3::jsonb "
                              "WHERE id = $1 AND finished_at IS NULL",
                              transaction.connection().table("commands")),
                  id, outcome, result);
}

void CommandStore::withdraw(Transaction& transaction, std::int64_t id) const {
  transaction.run(
      fmt::format("DELETE FROM {} WHERE id = $1 AND finished_at IS NULL", transaction.connection().table("commands")),
      id);
}

}  // namespace mirror::db
