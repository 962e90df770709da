#include "tests/simulator/listing.hpp"

#include <algorithm>
#include <charconv>

#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {
namespace {

std::size_t read_limit(std::string_view text) {
  std::size_t limit = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || limit < 1 || limit > 100) {
    throw failure(422, "Validation failed: limit must be an integer between 1 and 100.", "invalid_request_parameters");
  }
  return limit;
}

Item item_of(const Record& record) {
  return {record.id, record.position.created_microseconds, &record, nullptr};
}

std::optional<std::string> non_empty(std::optional<std::string_view> text) {
  if (!text || text->empty()) return std::nullopt;
  return std::string{*text};
}

/// Turns "one more than asked" into a page and a cursor.
void close_page(Page& page, std::size_t limit, bool forward, bool has_cursor) {
  const bool more = page.items.size() > limit;
  if (more) page.items.resize(limit);
  if (!forward) std::ranges::reverse(page.items);
  if (page.items.empty()) return;
  const std::string first{page.items.front().id};
  const std::string last{page.items.back().id};
  // Walking forward, something lies in front as soon as there is a cursor; walking back, something lies behind it.
  if (forward ? has_cursor : more) page.before = first;
  if (forward ? more : has_cursor) page.after = last;
}

}  // namespace

PageQuery read_page_query(const Request& request) {
  PageQuery query;
  if (const auto limit = request.parameter("limit")) query.limit = read_limit(*limit);
  const std::string_view order = request.parameter("order").value_or("desc");
  if (order != "asc" && order != "desc" && order != "normal") {
    throw failure(422, "Validation failed: order must be one of asc, desc, normal.", "invalid_request_parameters");
  }
  query.ascending = order == "asc";
  query.swapped = order == "normal";
  query.after = non_empty(request.parameter("after"));
  query.before = non_empty(request.parameter("before"));
  if (query.after && query.before) {
    throw failure(422, "Validation failed: after and before exclude each other.", "invalid_request_parameters");
  }
  if (query.swapped) std::swap(query.after, query.before);
  return query;
}

Page RecordListing::select(const PageQuery& query) const {
  const auto& cursor = query.after ? query.after : query.before;
  std::optional<Position> start;
  if (cursor) start = position_of(*cursor);
  const bool forward = !query.before;
  Page page;
  page.items = query.ascending == forward ? newer_than(start, query.limit + 1) : older_than(start, query.limit + 1);
  close_page(page, query.limit, forward, cursor.has_value());
  if (query.swapped) std::swap(page.before, page.after);
  return page;
}

bool RecordListing::knows(std::string_view id) const {
  return store_.find(kind_, id) != nullptr;
}

std::size_t RecordListing::rank(const Item& item) const {
  std::size_t rank = 0;
  for (const auto& [position, record] : order_) {
    if (record == item.record) break;
    if (passes(*record)) ++rank;
  }
  return rank;
}

Item RecordListing::item(std::string_view id) const {
  return item_of(store_.get(kind_, id));
}

Position RecordListing::position_of(const std::string& cursor) const {
  const Record* record = store_.find(kind_, cursor);
  if (record == nullptr) throw failure(422, "Validation failed: the cursor '" + cursor + "' is not in this list.");
  return record->position;
}

std::vector<Item> RecordListing::newer_than(std::optional<Position> start, std::size_t count) const {
  std::vector<Item> items;
  items.reserve(count);
  auto next = start ? order_.upper_bound(*start) : order_.begin();
  for (; next != order_.end() && items.size() < count; ++next) {
    if (passes(*next->second)) items.push_back(item_of(*next->second));
  }
  return items;
}

std::vector<Item> RecordListing::older_than(std::optional<Position> start, std::size_t count) const {
  std::vector<Item> items;
  items.reserve(count);
  auto end = start ? order_.lower_bound(*start) : order_.end();
  while (end != order_.begin() && items.size() < count) {
    --end;
    if (passes(*end->second)) items.push_back(item_of(*end->second));
  }
  return items;
}

}  // namespace mirror::simulator
