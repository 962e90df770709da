#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>

#include "support/clock.hpp"
#include "support/line_budget.hpp"

namespace mirror::http {

/// Where connections wait until the head of their first request has arrived. They cost a descriptor there but no
/// thread, so that clients who say nothing, or a byte now and then, keep nobody from being served. Who waits too long
/// is sent away, and so is the one who has waited longest when the lobby is full or the process has no descriptor left;
/// if nobody is there to send away then, new connections wait outside for a moment. Used by one thread.
class Lobby {
 public:
  /// Takes connections from `listener`, which it makes non-blocking, and gives each `limit` to send its head.
  Lobby(int listener, Clock::Duration limit);
  ~Lobby();
  Lobby(const Lobby&) = delete;
  Lobby& operator=(const Lobby&) = delete;

  /// Waits at most so long for a connection whose request can be read. True if take() has one.
  bool wait(Clock::Duration patience);
  /// The descriptor of a connection that is ready; the caller closes it. Only after wait() said that there is one.
  int take();

 private:
  struct Guest {
    int descriptor = -1;
    Clock::TimePoint until;
  };
  using Guests = std::list<Guest>;  // by arrival, so also by the end of their time

  void accept_one();
  void make_room(bool none_left);
  void close_door();
  void open_door();
  void look_at(int descriptor);
  void send_away(Guests::iterator guest);
  void send_away_late();

  const int listener_;
  const Clock::Duration limit_;
  const SystemClock clock_;
  int events_;
  std::optional<Clock::TimePoint> closed_until_;  ///< nobody is let in before
  LineBudget lines_{1, std::chrono::minutes{1}};
  Guests guests_;
  std::map<int, Guests::iterator> by_descriptor_;
  std::deque<int> ready_;
};

}  // namespace mirror::http
