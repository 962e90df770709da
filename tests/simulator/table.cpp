#include "tests/simulator/table.hpp"

#include <functional>

namespace mirror::simulator {
namespace {

std::size_t hash_of(std::string_view key) {
  return std::hash<std::string_view>{}(key);
}

}  // namespace

void Table::reserve(std::size_t count, std::size_t keys_each) {
  by_id_.reserve(count);
  by_key_.reserve(count * keys_each);
}

Record& Table::add(std::unique_ptr<Record> record) {
  Record& added = *record;
  order_.emplace_hint(order_.end(), added.position, &added);
  by_id_.emplace(std::string_view{added.id}, std::move(record));
  return added;
}

void Table::remove(const std::string& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  order_.erase(found->second->position);
  const std::unique_ptr<Record> keep = std::move(found->second);  // the map's key points into it
  by_id_.erase(found);
}

Record* Table::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

void Table::move(Record& record, Position position) {
  order_.erase(record.position);
  record.position = position;
  order_.emplace(position, &record);
}

void Table::remember(std::string_view key, Record& record) {
  by_key_.emplace(hash_of(key), &record);
}

void Table::forget(std::string_view key, const Record& record) {
  auto [first, last] = by_key_.equal_range(hash_of(key));
  while (first != last && first->second != &record) ++first;
  if (first != last) by_key_.erase(first);
}

std::vector<Record*> Table::with_key(std::string_view key) const {
  std::vector<Record*> found;
  auto [first, last] = by_key_.equal_range(hash_of(key));
  for (; first != last; ++first) found.push_back(first->second);
  return found;
}

}  // namespace mirror::simulator
