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

  [[nodiscard]] bool holds(Instant created_at) const {
    return in_order && (!from || *from <= created_at) && (!to || created_at < *to);
  }
};

/// A place in a list, by an object that stands there.
struct ListPlace {
  std::string id;
  Instant created_at;
};

/// The near side of a walk, for the one that comes towards it: everything created strictly between `edge` and `until`
/// is listed there, `ids` first.
struct Seam {
  Instant edge;
  Instant until{INT64_MAX};
  std::vector<std::string> ids;
};

/// Follows the pages of one list, or of a part of it, in order of creation and keeps the evidence for rule R7: that no
/// cursor was repeated or ignored, what each page covers, and what the closing proof or a neighbouring walk will need.
/// No I/O. Its memory does not grow with the list. Not thread-safe.
class WalkTracker {
 public:
  enum class Step { go_on, end, broken };

  /// From the oldest object on.
  WalkTracker() = default;
  /// From behind `start` on, whose own instant of creation it does not cover: others may share it.
  static WalkTracker behind(const ListPlace& start);
  /// From the newest object backwards.
  static WalkTracker backwards();
  /// The same walk from its beginning.
  [[nodiscard]] WalkTracker anew() const;
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
  [[nodiscard]] api::ListOrder order() const {
    return is_backwards_ ? api::ListOrder::descending : api::ListOrder::ascending;
  }
  /// Where behind() began; empty for other walks.
  [[nodiscard]] const std::optional<ListPlace>& start() const { return start_; }
  /// The instant of creation that the walk has come to.
  [[nodiscard]] std::optional<Instant> position() const { return floor_ ? std::optional(turned(*floor_)) : floor_; }
  /// The ids that it listed last, in its order: at least those of the last page.
  [[nodiscard]] const std::vector<std::string>& latest_ids() const { return tail_; }

  /// Empty before the first page, and for walks from the oldest object on, which nobody comes towards.
  [[nodiscard]] std::optional<Seam> seam() const;
  /// Whether this walk and the one behind `next` cover everything between them: this one has passed the edge beyond all
  /// that share its instant, and both list an object beyond it.
  [[nodiscard]] bool meets(const Seam& next) const;
  /// Whether both list an object: enough if this walk has come to the list's end.
  [[nodiscard]] bool shares(const Seam& next) const;
  /// Nothing is left to read in this part. If it ends at a neighbour, the last page stands for nothing beyond what it
  /// lists, whatever the API says of the list's end.
  void finish(bool at_neighbour);
  [[nodiscard]] bool is_finished() const { return is_finished_; }

  /// The closing proof: `newest_first` is a page of the same list in descending order, read after the walk reached its
  /// end. True if the newest object that is older than the walk's start was on the walk's last pages.
  [[nodiscard]] bool is_closed_by(const api::ListPage& newest_first, Instant started_at) const;

 private:
  struct Item {
    std::string_view id;
    std::optional<Instant> created_at;  ///< in the order of the walk: see turned()
  };

  /// Backwards, time is counted in the other direction, so that later is always further on.
  [[nodiscard]] Instant turned(Instant instant) const {
    return is_backwards_ ? Instant{-instant.microseconds} : instant;
  }
  [[nodiscard]] Coverage turned(Coverage coverage) const;

  [[nodiscard]] std::vector<Item> new_items(const api::ListPage& page) const;
  [[nodiscard]] std::string find_restart(const api::ListPage& page, const std::vector<Item>& items) const;
  [[nodiscard]] bool is_known_cursor(const std::string& cursor) const;
  void cover(const std::vector<Item>& items, bool at_end);
  void remember_cursor(const api::ListPage& page);
  void remember_tail(const api::ListPage& page);
  void remember_head(const std::vector<Item>& items);
  Step break_off(std::string problem);

  bool is_backwards_ = false;
  bool is_finished_ = false;
  std::optional<ListPlace> start_;
  std::vector<std::string> head_;  ///< the first ids listed strictly behind start_
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
