#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "db/pqxx_compat.hpp"

namespace mirror::db {

/// The text of one value; empty for null. Valid as long as the Result.
inline std::optional<std::string_view> read_text(const Result& result, int row, int column) {
  const Field field = result[row][column];
  if (field.is_null()) return std::nullopt;
  return view(field);
}

/// A whole number; 0 for null.
inline std::int64_t read_number(const Result& result, int row, int column) {
  return read_optional<std::int64_t>(result[row][column]).value_or(0);
}

inline std::optional<double> read_double(const Result& result, int row, int column) {
  return read_optional<double>(result[row][column]);
}

}  // namespace mirror::db
