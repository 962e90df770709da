#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/table_spec.hpp"

namespace mirror::sync {

/// How an object at the API and its row in the mirror can disagree.
enum class DifferenceKind {
  missing,      ///< it exists at the API, and no live row of the mirror stands for it
  extra,        ///< the row is alive, and the API answers 404
  different,    ///< both exist, their contents differ
  undecodable,  ///< the API's object can't be decoded, and nobody has parked it yet
  parked,       ///< it can't be decoded or stored, and the quarantine says so
  held          ///< extra, but the brake stopped its deletion: a person has to decide
};
inline constexpr int difference_kinds = 6;

/// False for what the mirror itself says: parked and held.
bool is_drift(DifferenceKind kind) noexcept;

/// "missing", "extra", ...
std::string_view to_string(DifferenceKind kind) noexcept;

/// One object that is compared.
struct ObjectName {
  const TableSpec* table = nullptr;
  std::string id;         ///< empty if it can't be read
  std::string parent_id;  ///< of an object that was listed inside another one: that one's id
};

struct Difference {
  ObjectName object;
  DifferenceKind kind = DifferenceKind::missing;
  std::vector<std::string> members;  ///< of different ones: the top-level keys that differ, never their values
};

/// What the comparison of one table found.
struct TableComparison {
  const TableSpec* table = nullptr;
  std::int64_t compared = 0;  ///< objects
  std::vector<Difference> differences;
  std::int64_t unannounced = 0;  ///< rows that only lack a change which WorkOS tells by no event: no drift
  std::int64_t changing = 0;     ///< rows that changed between all looks, so that nothing can be said about them
  std::int64_t unchecked = 0;    ///< differed at first sight, and were too many to be looked at again
  std::string problem;           ///< why the list proves less than it should; empty if all is well

  [[nodiscard]] std::int64_t count(DifferenceKind kind) const;
  /// No drift, and nothing left open that could be one.
  [[nodiscard]] bool is_equal() const;
};

/// The top-level keys of two JSON objects whose values differ, sorted; "_hash" alone if none does.
std::vector<std::string> differing_members(std::string_view mirrored, std::string_view received);

}  // namespace mirror::sync
