#include "db/copy_stream.hpp"

#include <utility>

#include "db/character_set.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

constexpr CharacterSet specials("\\\t\n\r");
/// Large enough that a piece costs little, small enough that PostgreSQL has not long to wait for the first.
constexpr std::size_t piece_size = 64U << 10U;

}  // namespace

CopyStream::CopyStream(Transaction& transaction, std::string statement)
    : transaction_(transaction), statement_(std::move(statement)) {}

void CopyStream::field(std::string_view value) {
  separate();
  while (true) {
    const auto special = specials.find_in(value);
    piece_.append(value.substr(0, special));
    if (special == std::string_view::npos) return;
    piece_ += '\\';
    switch (value[special]) {
      case '\t':
        piece_ += 't';
        break;
      case '\n':
        piece_ += 'n';
        break;
      case '\r':
        piece_ += 'r';
        break;
      default:
        piece_ += '\\';
    }
    value.remove_prefix(special + 1);
  }
}

void CopyStream::null() {
  separate();
  piece_ += "\\N";
}

void CopyStream::end_line() {
  piece_ += '\n';
  at_line_start_ = true;
  if (piece_.size() >= piece_size) send_piece();
}

std::int64_t CopyStream::finish() {
  if (!piece_.empty()) send_piece();
  if (!std::exchange(is_open_, false)) return 0;
  return transaction_.connection().raw().end_copy();
}

void CopyStream::send_piece() {
  auto& raw = transaction_.connection().raw();
  if (!is_open_) {
    raw.begin_copy(statement_);
    is_open_ = true;
  }
  raw.put_copy(piece_);
  piece_.clear();
}

void CopyStream::separate() {
  if (!at_line_start_) piece_ += '\t';
  at_line_start_ = false;
}

}  // namespace mirror::db
