#include "model/row_batch.hpp"

#include "support/error.hpp"

namespace mirror {

std::optional<std::string_view> RowBatch::value(std::size_t row, std::size_t column) const {
  const Slice slice = values_[row * table_->columns.size() + column];
  if (slice.length == null_length) return std::nullopt;
  return view(slice);
}

void RowBatch::add_null() {
  values_.push_back({0, null_length});
}

void RowBatch::add_value(std::string_view value) {
  values_.push_back(store(value));
}

void RowBatch::finish_row(std::string_view id, Instant created_at, Instant updated_at, const ContentHash& hash,
                          std::string_view raw) {
  if (values_.size() != (rows_.size() + 1) * table_->columns.size()) {
    throw Error(Fault::bug, "a decoded row does not have a value for each column");
  }
  rows_.push_back({store(id), store(raw), created_at, updated_at, hash});
}

void RowBatch::drop_row() {
  values_.resize(rows_.size() * table_->columns.size());
}

void RowBatch::finish() {
  text_.shrink_to_fit();
  values_.shrink_to_fit();
  rows_.shrink_to_fit();
}

RowBatch::Slice RowBatch::store(std::string_view text) {
  // Bodies are capped far below 4 GiB (HttpTransport), so the offsets fit.
  const Slice slice{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
  text_.append(text);
  return slice;
}

}  // namespace mirror
