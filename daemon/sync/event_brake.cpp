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
  const Instant from = before(at, options_.window);
  const auto counted = std::ranges::count_if(window.deaths, [&](Instant death) { return death > from; });
  const long deletions = static_cast<long>(counted) + more;
  if (deletions <= std::min(options_.min_count, options_.max_count)) return std::nullopt;
  return crossed_limit(deletions, live_rows_for(table, std::min(deletions, options_.max_count)), options_);
}

long EventBrake::live_rows(const TableSpec& table) {
  return count_live_rows(table, std::nullopt);
}

/// As many of the live rows as decide about `deletions`: a large table is not counted to its end for every batch.
long EventBrake::live_rows_for(const TableSpec& table, long deletions) {
  auto& window = windows_[&table];
  if (window.decides_about < deletions) {
    window.decides_about = std::min(options_.max_count, 2 * deletions);  // the next ones of the batch too
    window.live_rows = count_live_rows(table, rows_that_allow(window.decides_about, options_));
  }
  return window.live_rows;
}

/// Those that died within the window were part of the directory when it began; those let pass still live.
long EventBrake::count_live_rows(const TableSpec& table, std::optional<long> most) {
  return session_.tables.rows(table).count_live(session_.transaction, most) + windows_[&table].buried;
}

/// Deletions may come out of order: the window is read from the earliest one on that is asked for.
EventBrake::Window& EventBrake::window_of(const TableSpec& table, Instant at) {
  const auto [place, is_new] = windows_.try_emplace(&table);
  if (is_new) {
    auto& window = place->second;
    // By when it died here: what is older at the source may come only after the approval, and nobody approved it.
    window.deaths =
        session_.tables.rows(table).deaths_by_event(session_.transaction, before(at, 2 * options_.window),
                                                    session_.tables.holds.approved_at(session_.transaction, table));
    window.buried = static_cast<long>(window.deaths.size());
  }
  return place->second;
}

}  // namespace mirror::sync
