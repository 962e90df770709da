#include "db/copy_stream.hpp"

#include <fmt/format.h>

#include <array>
#include <type_traits>
#include <utility>

#include "db/transaction.hpp"

namespace mirror::db {
namespace {

using namespace std::string_view_literals;

/// The signature, no flags, no extension.
constexpr auto header = "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"sv;
constexpr std::int16_t end_of_rows = -1;
constexpr std::int32_t null_length = -1;
constexpr char jsonb_version = 1;
constexpr std::int32_t oid_of_text = 25;
/// timestamptz counts from 2000-01-01T00:00:00Z.
constexpr std::int64_t microseconds_to_2000 = 946'684'800'000'000;

/// Large enough that a piece costs little, small enough that PostgreSQL has not long to wait for the first.
constexpr std::size_t piece_size = 64U << 10U;

}  // namespace

CopyStream::CopyStream(Transaction& transaction, std::string table, std::vector<std::string> columns)
    : transaction_(transaction), table_(std::move(table)), columns_(std::move(columns)), piece_(header) {}

void CopyStream::begin_row() {
  if (piece_.size() >= piece_size) send_piece();
  number(static_cast<std::int16_t>(columns_.size()));
}

void CopyStream::null() {
  number(null_length);
}

void CopyStream::text(std::string_view value) {
  number(static_cast<std::int32_t>(value.size()));
  piece_ += value;
}

void CopyStream::json(std::string_view value) {
  number(static_cast<std::int32_t>(value.size() + 1));
  piece_ += jsonb_version;
  piece_ += value;
}

void CopyStream::boolean(bool value) {
  number(std::int32_t{1});
  piece_ += static_cast<char>(value);
}

void CopyStream::instant(Instant value) {
  number(std::int32_t{sizeof(std::int64_t)});
  number(value.microseconds - microseconds_to_2000);
}

void CopyStream::hash(const ContentHash& value) {
  number(std::int32_t{sizeof value});
  for (const auto part : {value.high, value.low, value.observed}) number(part);
}

void CopyStream::texts(const std::vector<std::string>& values) {
  std::size_t bytes = 0;
  for (const auto& value : values) bytes += sizeof(std::int32_t) + value.size();
  const auto dimensions = values.empty() ? 0 : 1;
  number(static_cast<std::int32_t>((3 + 2 * dimensions) * sizeof(std::int32_t) + bytes));
  number(std::int32_t{dimensions});
  number(std::int32_t{0});  // holds no NULL
  number(oid_of_text);
  if (values.empty()) return;
  number(static_cast<std::int32_t>(values.size()));
  number(std::int32_t{1});  // the first one's index
  for (const auto& value : values) text(value);
}

std::int64_t CopyStream::finish() {
  if (!is_open_ && piece_.size() == header.size()) return 0;
  number(end_of_rows);
  send_piece();
  is_open_ = false;
  return transaction_.connection().raw().end_copy();
}

/// In network byte order.
template <typename Integer>
void CopyStream::number(Integer value) {
  const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  std::array<char, sizeof bits> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bits >> (8 * (bytes.size() - 1 - i)));
  piece_.append(bytes.data(), bytes.size());
}

void CopyStream::send_piece() {
  auto& raw = transaction_.connection().raw();
  if (!std::exchange(is_open_, true)) {
    raw.begin_copy(fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", table_, fmt::join(columns_, ", ")));
  }
  raw.put_copy(piece_);
  piece_.clear();
}

}  // namespace mirror::db
