#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "support/clock.hpp"
#include "sync/status_board.hpp"

namespace mirror::app {

/// One stream's progress in at most `width` columns: rows, rate, time left when the number of rows is known. `now` is
/// the host's time, as StreamProgress::started_at is.
std::string progress_line(std::string_view stream, const sync::StreamProgress& progress, Instant now,
                          std::size_t width);

/// Shows the StatusBoard while a pass runs: on a terminal one line per stream that is redrawn, else (a log, a pipe) one
/// line per stream and interval, and only if it has changed. Not thread-safe besides its own thread.
class ProgressBar {
 public:
  struct Screen {
    bool is_terminal = false;
    std::function<std::size_t()> width = [] { return std::size_t{80}; };  ///< asked each time: windows are resized
  };

  ProgressBar(const sync::StatusBoard& board, Clock& clock, std::ostream& out, Screen screen);

  /// Draws several times a second on a terminal, else every five seconds, until stop().
  void start();
  /// Ends the thread and draws the last state.
  void stop();
  void draw();

  /// stderr, with the width of its window.
  static Screen screen_of_stderr();

 private:
  void draw_terminal(const std::vector<std::pair<std::string, std::string>>& lines);
  void draw_plain(const std::vector<std::pair<std::string, std::string>>& lines);

  const sync::StatusBoard& board_;
  Clock& clock_;
  std::ostream& out_;
  Screen screen_;
  std::size_t lines_drawn_ = 0;
  std::map<std::string, std::string> last_;
  std::jthread thread_;
};

}  // namespace mirror::app
