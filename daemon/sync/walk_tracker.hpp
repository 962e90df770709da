#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/directory_api.hpp"
#include "support/instant.hpp"

namespace mirror::sync {

/// What one page proves: it was everything that the list holds with from <= created_at < to. Absent bounds are open.
struct Coverage {
  bool in_order = false;  ///< false: the page stands for its ids alone
  std::optional<Instant> from;
  std::optional<Instant> to;
  std::vector<std::string> seen_before;  ///< ids with created_at == from that earlier pages listed
};

/// Follows the pages of one list in order of creation and keeps the evidence for rule R7: that no cursor was repeated
/// or ignored, what each page covers, and what the closing proof will need. No I/O. Its memory does not grow with the
/// list. Not thread-safe.
class WalkTracker {
 public:
  enum class Step { go_on, end, broken };

  WalkTracker() = default;
  /// Goes on where a stored walk stood. Throws Error (bug) if the text is not from to_json.
  static WalkTracker from_json(std::string_view text);
  [[nodiscard]] std::string to_json() const;

  /// Takes the page that the current cursor led to. After `broken` the walk proves nothing; see problem().
  Step accept(const api::ListPage& page);

  /// Where the next page starts; empty at the beginning.
  [[nodiscard]] const std::optional<std::string>& cursor() const { return cursor_; }
  /// What the last accepted page covers.
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }
  /// Why the walk proves nothing, or not everything; empty if all is well.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::int64_t pages() const { return pages_; }
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] const std::string& first_id() const { return first_id_; }
  [[nodiscard]] std::string last_id() const { return tail_.empty() ? std::string{} : tail_.back(); }

  /// The closing proof: `newest_first` is a page of the same list in descending order, read after the walk reached its
  /// end. True if the newest object that is older than the walk's start was on the walk's last pages.
  [[nodiscard]] bool is_closed_by(const api::ListPage& newest_first, Instant started_at) const;

 private:
  struct Item {
    std::string_view id;
    std::optional<Instant> created_at;
  };

  [[nodiscard]] std::vector<Item> new_items(const api::ListPage& page) const;
  [[nodiscard]] std::string find_restart(const api::ListPage& page, const std::vector<Item>& items) const;
  [[nodiscard]] bool is_known_cursor(const std::string& cursor) const;
  void cover(const std::vector<Item>& items, bool at_end);
  void remember_cursor(const api::ListPage& page);
  void remember_tail(const api::ListPage& page);
  Step break_off(std::string problem);

  std::optional<std::string> cursor_;
  std::string first_id_;
  std::optional<Instant> first_created_at_;
  std::optional<Instant> floor_;   ///< everything created before it has been covered
  bool gap_above_floor_ = false;   ///< ties at the floor are not all known: the next cover starts strictly above it
  std::vector<std::string> ties_;  ///< ids seen with created_at == floor_
  std::vector<std::string> tail_;  ///< the last ids seen, oldest first
  std::string landmark_cursor_;    ///< Brent's cycle detection: a cursor remembered at each power of two
  std::int64_t pages_ = 0;
  std::int64_t rows_ = 0;
  std::string problem_;
  Coverage coverage_;
};

}  // namespace mirror::sync
