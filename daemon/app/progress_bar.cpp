#include "app/progress_bar.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "app/text_table.hpp"
#include "model/streams.hpp"

namespace mirror::app {
namespace {

constexpr std::size_t bar_width = 20;

bool is_running(const sync::StreamProgress& progress) {
  return progress.started_at && !progress.finished_at;
}

double seconds_running(const sync::StreamProgress& progress, Instant now) {
  if (!progress.started_at) return 0;
  const Instant end = progress.finished_at.value_or(now);
  return std::max(0.0, static_cast<double>(end.microseconds - progress.started_at->microseconds) / 1e6);
}

/// How much is done, 0 to 1; negative if that can't be known. Rows are the better measure; lists done the other one.
double fraction_done(const sync::StreamProgress& progress) {
  if (progress.finished_at) return 1;
  if (progress.expected_rows > 0) {
    return std::min(1.0, static_cast<double>(progress.rows) / static_cast<double>(progress.expected_rows));
  }
  if (progress.scopes_total > 1) {
    return static_cast<double>(progress.scopes_done) / static_cast<double>(progress.scopes_total);
  }
  return -1;
}

std::string bar(double fraction) {
  const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(bar_width));
  return "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "]";
}

std::string state_text(const sync::StreamProgress& progress, double fraction, double elapsed) {
  if (!progress.certificate.empty()) return progress.certificate;
  if (!is_running(progress)) return progress.phase;
  if (fraction <= 0 || elapsed < 1) return progress.phase;
  return fmt::format("{:.0f}%, {} left", fraction * 100, short_time(elapsed * (1 - fraction) / fraction));
}

}  // namespace

std::string progress_line(std::string_view stream, const sync::StreamProgress& progress, Instant now,
                          std::size_t width) {
  const double elapsed = seconds_running(progress, now);
  const double fraction = fraction_done(progress);
  const double rate = elapsed > 0 ? static_cast<double>(progress.rows) / elapsed : 0;
  const std::string name = fmt::format("{:<24} ", stream);
  const std::string numbers =
      fmt::format("{:>11} rows {:>8}/s  {}", grouped(progress.rows), grouped(static_cast<std::uint64_t>(rate)),
                  state_text(progress, fraction, elapsed));
  const bool has_room = fraction >= 0 && name.size() + bar_width + 3 + numbers.size() <= width;
  std::string line = name + (has_room ? bar(fraction) + " " : "") + numbers;
  if (line.size() > width) line.resize(width);
  return line;
}

ProgressBar::ProgressBar(const sync::StatusBoard& board, Clock& clock, std::ostream& out, Screen screen)
    : board_(board), clock_(clock), out_(out), screen_(std::move(screen)) {}

void ProgressBar::start() {
  const std::chrono::milliseconds pause{screen_.is_terminal ? 200 : 5000};
  thread_ = std::jthread([this, pause](const std::stop_token& stop) {
    while (clock_.wait_for(pause, stop)) draw();
  });
}

void ProgressBar::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  draw();
}

void ProgressBar::draw() {
  const auto streams = board_.streams();
  // One column stays free: a terminal wraps a line that fills its last one.
  const std::size_t width = screen_.is_terminal ? std::max<std::size_t>(screen_.width(), 2) - 1 : 200;
  std::vector<std::pair<std::string, std::string>> lines;
  for (const StreamSpec* stream : all_streams()) {
    const auto place = streams.find(stream->name);
    if (place == streams.end()) continue;
    lines.emplace_back(place->first, progress_line(place->first, place->second, clock_.wall(), width));
  }
  screen_.is_terminal ? draw_terminal(lines) : draw_plain(lines);
  out_.flush();
}

void ProgressBar::draw_terminal(const std::vector<std::pair<std::string, std::string>>& lines) {
  if (lines_drawn_ > 0) out_ << "\x1b[" << lines_drawn_ << "A";
  for (const auto& [stream, line] : lines) out_ << "\r\x1b[K" << line << "\n";
  lines_drawn_ = lines.size();
}

void ProgressBar::draw_plain(const std::vector<std::pair<std::string, std::string>>& lines) {
  for (const auto& [stream, line] : lines) {
    if (std::exchange(last_[stream], line) != line) out_ << line << "\n";
  }
}

ProgressBar::Screen ProgressBar::screen_of_stderr() {
  Screen screen;
  screen.is_terminal = isatty(STDERR_FILENO) == 1;
  screen.width = [] {
    winsize size{};
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? std::size_t{size.ws_col} : std::size_t{80};
  };
  return screen;
}

}  // namespace mirror::app
