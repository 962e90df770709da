#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "model/content_hash.hpp"
#include "support/instant.hpp"

namespace mirror {

/// What proved that an object is gone.
enum class DeletedBy { event, sweep, cascade };

/// The mark of a dead row. `at` is the API's time.
struct Tombstone {
  Instant at;
  DeletedBy by = DeletedBy::sweep;

  friend bool operator==(const Tombstone&, const Tombstone&) = default;
};

/// What the mirror knows about a row, apart from its content: enough to decide about a new observation of it.
struct RowState {
  std::optional<Instant> created_at;
  std::optional<Instant> updated_at;
  std::optional<ContentHash> hash;  ///< empty for a tombstone of an object that was never seen
  Instant observed_at;              ///< the API's time of the content held
  std::string event_id;             ///< newest event applied; empty if none
  std::optional<Tombstone> tombstone;

  [[nodiscard]] bool is_live() const { return !tombstone; }
  friend bool operator==(const RowState&, const RowState&) = default;
};

/// Lets maps keyed by std::string be asked with a std::string_view.
struct IdHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view id) const noexcept { return std::hash<std::string_view>{}(id); }
};

/// Row states by id.
using RowStates = std::unordered_map<std::string, RowState, IdHash, std::equal_to<>>;

}  // namespace mirror
