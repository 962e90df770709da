#include "db/feed_reader.hpp"

#include <fmt/core.h>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

std::string lines_of(const std::string& function) {
  return fmt::format(
      "SELECT seq, table_name, json_build_object('change_id', change_id, 'seq', seq, 'table', table_name, 'id', id, "
      "'op', op, 'via', via, 'event_id', event_id, 'observed_at', observed_at, 'changed_at', changed_at, "
      "'before', before, 'after', after_change, 'content', content)::text FROM {} ORDER BY seq",
      function);
}

std::vector<FeedLine> read_lines(const Result& result) {
  std::vector<FeedLine> lines;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    lines.push_back({read_number(result, row, 0), std::string(*read_text(result, row, 1)),
                     std::string(*read_text(result, row, 2))});
  }
  return lines;
}

}  // namespace

std::vector<FeedLine> FeedReader::read_after(Transaction& transaction, std::int64_t seq, int most) const {
  const auto function = transaction.connection().schema() + ".changes_after($1, $2, $3)";
  return read_lines(transaction.run(lines_of(function), seq, most, environment_));
}

std::vector<FeedLine> FeedReader::consume(Transaction& transaction, std::string_view consumer, int most) const {
  const auto function = transaction.connection().schema() + ".consume($1, $2, $3)";
  return read_lines(transaction.run(lines_of(function), consumer, most, environment_));
}

bool FeedReader::has_more_after(Transaction& transaction, std::int64_t seq) const {
  return !transaction
              .run(fmt::format("SELECT FROM {} WHERE _env = $1 AND feed_seq > $2",
                               transaction.connection().table("lease")),
                   environment_, seq)
              .empty();
}

bool FeedReader::has_more_for(Transaction& transaction, std::string_view consumer) const {
  const auto& connection = transaction.connection();
  return !transaction
              .run(fmt::format("SELECT FROM {} AS lease JOIN {} AS consumer USING (_env) "
                               "WHERE _env = $1 AND name = $2 AND feed_seq > seq",
                               connection.table("lease"), connection.table("consumers")),
                   environment_, consumer)
              .empty();
}

std::int64_t FeedReader::create(Transaction& transaction, std::string_view consumer, std::string_view start_at) const {
  return read_number(
      transaction.run(fmt::format("SELECT {}.create_consumer($1, $2, $3)", transaction.connection().schema()), consumer,
                      start_at, environment_),
      0, 0);
}

bool FeedReader::exists(Transaction& transaction, std::string_view consumer) const {
  return !transaction
              .run(fmt::format("SELECT FROM {} WHERE _env = $1 AND name = $2",
                               transaction.connection().table("consumers")),
                   environment_, consumer)
              .empty();
}

bool FeedReader::drop(Transaction& transaction, std::string_view consumer) const {
  const auto dropped = transaction.run(
      fmt::format("SELECT {}.drop_consumer($1, $2)", transaction.connection().schema()), consumer, environment_);
  return read_text(dropped, 0, 0) == "t";
}

std::vector<ConsumerRecord> FeedReader::read_consumers(Transaction& transaction) const {
  const auto result = transaction.run(
      fmt::format("SELECT name, seq, lag, waiting_since, moved_at FROM {} WHERE _env = $1 ORDER BY name",
                  transaction.connection().table("consumer_lag")),
      environment_);
  std::vector<ConsumerRecord> consumers;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    const auto text = [&](int column) { return std::string(read_text(result, row, column).value_or("")); };
    consumers.push_back({text(0), read_number(result, row, 1), read_number(result, row, 2), text(3), text(4)});
  }
  return consumers;
}

}  // namespace mirror::db
