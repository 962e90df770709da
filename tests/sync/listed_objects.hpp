#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/directory_api.hpp"
#include "model/streams.hpp"
#include "sync/walk_tracker.hpp"

namespace mirror::tests {

/// An object of a list in order of creation, as far as walks look at it.
struct Object {
  std::string id;
  std::int64_t created_at;  ///< seconds

  friend bool operator==(const Object&, const Object&) = default;
};
using Objects = std::vector<Object>;

constexpr Instant at(std::int64_t seconds) {
  return {seconds * microseconds_per_second};
}

inline api::ListPage page_of(const Objects& objects, std::optional<std::string> after = {}) {
  api::ListPage page(*users().table);
  for (const auto& object : objects) page.listed.push_back({object.id, at(object.created_at)});
  page.after = std::move(after);
  return page;
}

/// Rows of `mirrored` that a page should have listed, but did not.
inline std::set<std::string> missing(const Objects& mirrored, const api::ListPage& page,
                                     const sync::Coverage& coverage) {
  std::set<std::string> ids;
  if (!coverage.in_order) return ids;
  for (const auto& row : mirrored) {
    const Instant created = at(row.created_at);
    if ((coverage.from && created < *coverage.from) || (coverage.to && created >= *coverage.to)) continue;
    const bool listed = std::ranges::any_of(page.listed, [&](const auto& item) { return item.id == row.id; });
    if (!listed && !std::ranges::count(coverage.seen_before, row.id)) ids.insert(row.id);
  }
  return ids;
}

inline std::set<std::string> ids_of(const Objects& objects) {
  std::set<std::string> ids;
  for (const auto& object : objects) ids.insert(object.id);
  return ids;
}

/// In order of creation with many ties; ids say nothing about the order.
inline Objects random_list(std::mt19937_64& random, std::size_t size) {
  Objects list;
  std::int64_t created_at = 0;
  for (std::size_t i = 0; i < size; ++i) {
    created_at += random() % 3 == 0 ? 0 : static_cast<std::int64_t>(random() % 4);
    list.push_back({"user_" + std::to_string(random()), created_at});
  }
  return list;
}

}  // namespace mirror::tests
