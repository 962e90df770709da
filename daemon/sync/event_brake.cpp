#include "sync/event_brake.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace mirror::sync {
namespace {

Instant before(Instant instant, std::chrono::seconds window) {
  return {instant.microseconds - std::chrono::microseconds(window).count()};
}

}  // namespace

std::optional<std::string> EventBrake::stop(const TableSpec& table, Instant at, bool is_live,
                                            const db::ChildCounts& children) {
  if (is_live) {
    if (auto why = crossed(table, at, 1)) return why;
  }
  for (const auto& [child, count] : children) {
    if (const auto why = crossed(*child, at, count)) {
      return fmt::format("with it {} would lose rows: {}", child->name, *why);
    }
  }
  if (is_live) window_of(table, at).deaths.push_back(at);
  for (const auto& [child, count] : children) {
    auto& deaths = window_of(*child, at).deaths;
    deaths.insert(deaths.end(), static_cast<std::size_t>(count), at);
  }
  return std::nullopt;
}

std::optional<std::string> EventBrake::crossed(const TableSpec& table, Instant at, long more) {
  const auto& window = window_of(table, at);
  const Instant from = std::max(before(at, options_.window), window.approved_through);
  const auto counted = std::ranges::count_if(window.deaths, [&](Instant death) { return death > from; });
  const long deletions = static_cast<long>(counted) + more;
  // Counting the live rows is dear, and below the minimum it can't matter.
  if (deletions <= std::min(options_.min_count, options_.max_count)) return std::nullopt;
  return crossed_limit(deletions, live_rows(table), options_);
}

long EventBrake::live_rows(const TableSpec& table) {
  auto& window = windows_[&table];
  if (!window.live_rows) {
    // Those that died within the window were part of the directory when it began; those let pass still live.
    window.live_rows = session_.tables.rows(table).count_live(session_.transaction) + window.buried;
  }
  return *window.live_rows;
}

/// Deletions may come out of order: the window is read from the earliest one on that is asked for.
EventBrake::Window& EventBrake::window_of(const TableSpec& table, Instant at) {
  const auto [place, is_new] = windows_.try_emplace(&table);
  if (is_new) {
    auto& window = place->second;
    window.approved_through =
        session_.tables.holds.approved_through(session_.transaction, table).value_or(Instant{INT64_MIN});
    window.deaths = session_.tables.rows(table).deaths_by_event(
        session_.transaction, std::max(before(at, 2 * options_.window), window.approved_through));
    window.buried = static_cast<long>(window.deaths.size());
  }
  return place->second;
}

}  // namespace mirror::sync
