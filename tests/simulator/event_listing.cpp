#include "tests/simulator/event_listing.hpp"

#include <algorithm>

#include "tests/simulator/api_failure.hpp"

namespace mirror::simulator {
namespace {

constexpr std::int64_t longest_span = std::int64_t{30} * 86'400 * microseconds_per_second;

Item item_of(const Event& event) {
  return {event.id, event.created_at.microseconds, nullptr, &event};
}

Instant read_bound(const Request& request, std::string_view name, Instant otherwise) {
  const auto text = request.parameter(name);
  if (!text) return otherwise;
  const auto instant = parse_instant(*text);
  if (!instant) throw failure(400, std::string{"Invalid "}.append(name), "invalid_events_request");
  return *instant;
}

}  // namespace

EventQuery read_event_query(const Request& request, Instant now) {
  EventQuery query;
  for (const auto& name : split_commas(request.parameter("events").value_or(""))) {
    if (!is_known_event(name)) {
      throw failure(400, "Invalid name parameter, received: '" + name + "'.", "invalid_events_request");
    }
    query.names.insert(name);
  }
  if (query.names.empty()) {
    throw ApiFailure(422, R"({"message":"Validation failed.","errors":[{"field":"events","code":"required"}]})");
  }
  if (request.parameter("after") && request.parameter("range_start")) {
    throw failure(400, "after and range_start exclude each other.", "invalid_events_request");
  }
  query.organization_id = request.parameter("organization_id").value_or("");
  query.start = read_bound(request, "range_start", query.start);
  query.end = read_bound(request, "range_end", query.end);
  if (request.parameter("range_start") &&
      std::min(query.end, now).microseconds - query.start.microseconds > longest_span) {
    throw failure(400, "The range spans more than 30 days.", "invalid_events_request");
  }
  return query;
}

Page EventListing::select(const PageQuery& page_query) const {
  Page page;
  const bool back = page_query.before.has_value();
  // The live API answers oldest first whatever `order` says (github.com/workos/workos-node/issues/1610).
  std::size_t index = page_query.after ? index_of(*page_query.after) + 1 : 0;
  std::size_t end = back ? index_of(*page_query.before) : log_.size();
  while (index < end && page.items.size() <= page_query.limit) {
    const Event& event = log_.at(back ? --end : index++);
    if (passes(event)) page.items.push_back(item_of(event));
  }
  const bool more = page.items.size() > page_query.limit;
  if (more) page.items.pop_back();
  if (back) std::ranges::reverse(page.items);
  if (!page.items.empty() && (more || back)) page.after = std::string{page.items.back().id};
  return page;
}

std::size_t EventListing::rank(const Item& item) const {
  std::size_t rank = 0;
  for (std::size_t i = 0; i < log_.size() && &log_.at(i) != item.event; ++i) rank += passes(log_.at(i)) ? 1 : 0;
  return rank;
}

Item EventListing::item(std::string_view id) const {
  return item_of(log_.at(index_of(std::string{id})));
}

bool EventListing::passes(const Event& event) const {
  if (event.visible_at > now_ || event.created_at < query_.start || event.created_at > query_.end) return false;
  if (!query_.organization_id.empty() && event.organization_id != query_.organization_id) return false;
  return event.fault.has_value() || query_.names.contains(event.name);
}

std::size_t EventListing::index_of(const std::string& cursor) const {
  const auto index = log_.find(cursor);
  if (!index) throw failure(400, "The cursor '" + cursor + "' is unknown.");
  return *index;
}

}  // namespace mirror::simulator
