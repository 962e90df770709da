#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "support/instant.hpp"
#include "tests/simulator/ids.hpp"

namespace mirror::simulator {

/// One event of `GET /events`.
struct Event {
  std::string id;
  std::string name;
  std::string organization_id;  ///< empty: belongs to no organization
  Instant created_at;
  Instant visible_at;        ///< held back from readers until then
  std::string text;          ///< the whole event as JSON
  std::optional<int> fault;  ///< number of the fault that made it; then it passes every name filter
};

/// All events, oldest first, ids increasing. Not thread-safe.
class EventLog {
 public:
  explicit EventLog(std::uint64_t seed) : ids_(seed) {}

  /// Live, new events are held back from readers for seconds; webhooks are not.
  void set_visibility_delay(std::chrono::milliseconds delay) { visibility_delay_ = delay; }
  /// Called with each event at once: where webhooks will be sent from.
  void set_listener(std::function<void(const Event&)> listener) { listener_ = std::move(listener); }

  /// `extra_delay` holds this event back longer, so that later ones overtake it.
  const Event& append(std::string_view name, std::string_view data, std::string_view organization_id, Instant now,
                      std::chrono::milliseconds extra_delay = {}, std::optional<int> fault = {});

  /// From now on readers are served `text` instead of the event at `index`: for events that are broken at the source.
  void spoil(std::size_t index, std::string text) { events_[index].text = std::move(text); }

  /// WorkOS keeps events for 90 days; an older cursor is unknown.
  void forget_before(Instant oldest);

  [[nodiscard]] std::size_t size() const { return events_.size(); }
  [[nodiscard]] const Event& at(std::size_t index) const { return events_[index]; }
  /// The index of an event, or nothing.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view id) const;

 private:
  IdMaker ids_;
  std::chrono::milliseconds visibility_delay_{0};
  std::function<void(const Event&)> listener_;
  std::deque<Event> events_;
  std::unordered_map<std::string, std::size_t> numbers_;  // id to number since the start
  std::size_t forgotten_ = 0;
};

/// The names that `GET /events` accepts.
bool is_known_event(std::string_view name);

}  // namespace mirror::simulator
