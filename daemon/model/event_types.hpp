#pragma once

#include <span>
#include <string_view>

#include "model/table_spec.hpp"

namespace mirror {

/// A type of event that tells of a mirrored object. A plain value with static lifetime.
struct EventType {
  std::string_view name;  ///< "user.updated"
  const TableSpec* table;
  std::string_view object;         ///< value of `data.object`
  std::string_view data_key = {};  ///< key of `data` under which the object stands; empty: `data` is the object
  bool deletes = false;
};

/// All of them. They are what is asked for at `GET /events`; other types are only archived.
std::span<const EventType> mirrored_event_types() noexcept;

/// Null if events of that name tell of no mirrored object.
const EventType* find_event_type(std::string_view name) noexcept;

/// Keys whose values let somebody in; removed at any depth from every event of type `name` that is kept.
std::span<const std::string_view> event_secret_keys(std::string_view name) noexcept;

}  // namespace mirror
