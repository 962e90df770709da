#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "sync/walk_tracker.hpp"

namespace mirror::sync {

/// How one list is cut into segments that are walked side by side, and whether they add up to the whole (rule R7). A
/// segment begins behind an object that the mirror knows and ends where the next one begins; the last may come from the
/// list's end backwards. Its walk goes on until it has passed that edge and shares an object with the neighbour. Where
/// they share none, the neighbour proves nothing: it is given up, and the walk goes on in its place. No I/O.
/// Thread-safe.
class ListSegments {
 public:
  /// The name of the segment that is walked backwards; the others are named by the object behind which they begin.
  static constexpr std::string_view backwards = "backwards";

  struct Task {
    std::string segment;
    WalkTracker tracker;
  };

  /// What a walk that has read a page is to do.
  enum class Next {
    go_on,     ///< or give the closing proof, if the list ends here
    finish,    ///< everything up to the neighbour is read
    leave,     ///< the page is not wanted any more: somebody else has read this part, or will
    distrust,  ///< the API said that the list ends before an object that it lists
  };
  struct Advance {
    Next next = Next::go_on;
    /// What a neighbour lists too, and counts. Of a walk that finishes: where it met that neighbour, which has read
    /// what lies beyond; without one it has read the rest itself.
    std::optional<Seam> seam;
    std::vector<std::string> voided;  ///< segments whose evidence counts no more
  };

  /// Segments hold at least `smallest` rows, as far as that is known.
  explicit ListSegments(std::size_t smallest) : smallest_(smallest) { segments_.emplace_back(); }

  /// Takes over what an earlier process stored of the list.
  void restore(std::vector<Task> stored);
  /// Objects of the list by which it may be cut, each standing for `rows_per_place` rows. Replaces earlier ones.
  void set_places(std::vector<ListPlace> places, double rows_per_place);

  /// A walk for somebody who is free: a segment that nobody walks, else the further half of the longest, else one from
  /// the end backwards if the list has turned out to be long. Empty: there is nothing to do at the moment.
  std::optional<Task> take();
  /// The walk of `segment` is over; if it did not finish, nobody takes it up again.
  void release(const std::string& segment);

  /// Hands a page on to be stored. Called in the order in which walks rely on each other's pages, so that whoever
  /// stores them in that order never stores an end without what it rests on.
  using Write = std::function<void(const Advance&)>;

  /// The walk of `segment` has come to `tracker` by a page that nobody knows yet; `at_end`: the last one, by the API's
  /// word. Writes it, unless the answer is to leave or to distrust, or the closing proof is still missing; `tracker` is
  /// finished if the segment is. Waits for the first page of a neighbour that has just begun. Throws Error (stopped),
  /// and what `write` throws; then the page does not count.
  Advance advance(const std::string& segment, WalkTracker& tracker, bool at_end, const std::stop_token& stop,
                  const Write& write);
  /// Writes the page at the list's end, of which the closing proof has told what it is worth. `write` is told whether
  /// the list was read by one walk alone.
  void conclude(const std::string& segment, const WalkTracker& tracker,
                const std::function<void(bool is_whole)>& write);
  /// The walk of `segment` begins again, because the API led it astray: what it read counts no more.
  WalkTracker restart(const std::string& segment);
  /// The walk of `segment` can't go on. True if the walk before it takes over; then `segment` is gone.
  bool give_up(const std::string& segment);

  [[nodiscard]] bool is_whole() const;                   ///< there is only one segment, and always was
  [[nodiscard]] bool is_finished() const;                ///< nothing is left to walk
  [[nodiscard]] std::vector<WalkTracker> walks() const;  ///< all of them as last seen, in the order of the list
  /// Counts changes.
  [[nodiscard]] std::uint64_t version() const;
  /// Returns once version() is not `seen` any more, after a second at the latest.
  void wait_for_change(std::uint64_t seen, const std::stop_token& stop) const;
  /// Makes wait_for_change() return.
  void wake();

 private:
  enum class State { free, walking, left, finished };
  /// What a walk finds where the next one begins.
  enum class Meeting {
    apart,           ///< it has not come there, or there is no next one
    unknown,         ///< that one has not read its first page yet
    met,             ///< both list the same there
    contradicted,    ///< the list ended for this one, before what that one lists
    nothing_shared,  ///< that one proves nothing
  };

  struct Segment {
    std::string name;
    WalkTracker tracker;  ///< with what was written
    State state = State::free;
    bool is_unwanted = false;
    bool is_at_end = false;           ///< the API says that nothing is behind what it has read
    std::vector<std::string> voided;  ///< to be handed to its walk
  };
  using Place = std::list<Segment>::iterator;

  Place find(const std::string& name);
  /// Where what a segment has to read ends; empty: at the end of the list, or unknown.
  [[nodiscard]] std::optional<Instant> edge_behind(std::list<Segment>::const_iterator segment) const;
  Advance advance_forwards(Place segment, const WalkTracker& tracker, bool at_end, std::unique_lock<std::mutex>& lock,
                           const std::stop_token& stop);
  [[nodiscard]] std::optional<Seam> touching(std::list<Segment>::const_iterator neighbour) const;
  [[nodiscard]] Meeting meet_next(std::list<Segment>::const_iterator segment, const WalkTracker& tracker,
                                  bool at_end) const;
  Advance advance_backwards(Place segment, const WalkTracker& tracker, bool at_end);
  void end_in_favour_of_another(Segment& segment);
  void absorb(Place segment, std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void forget_place(const std::string& id);
  void wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) const;
  void note_change();
  [[nodiscard]] std::optional<Task> split_longest();
  [[nodiscard]] std::optional<Task> begin_backwards();

  const std::size_t smallest_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::uint64_t version_ = 0;
  std::list<Segment> segments_;  ///< in the order of the list; the first begins at its beginning
  bool was_cut_ = false;
  std::vector<ListPlace> places_;    ///< by created_at
  std::set<std::string> forgotten_;  ///< places that were no good
  double rows_per_place_ = 0;
};

}  // namespace mirror::sync
