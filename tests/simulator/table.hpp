#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/simulator/record.hpp"

namespace mirror::simulator {

/// The objects of one kind: by id, in list order, and by keys such as "email:ada@example.com". Not thread-safe.
class Table {
 public:
  /// Room for so many, to make a large directory quickly.
  void reserve(std::size_t count, std::size_t keys_each);
  Record& add(std::unique_ptr<Record> record);
  void remove(const std::string& id);
  /// Null if there is none.
  [[nodiscard]] Record* find(std::string_view id) const;
  [[nodiscard]] const Order& order() const { return order_; }
  [[nodiscard]] std::size_t size() const { return order_.size(); }
  void move(Record& record, Position position);

  void remember(std::string_view key, Record& record);
  void forget(std::string_view key, const Record& record);
  /// Candidates only: keys are kept as hashes, so that a million users stay small. The caller checks.
  [[nodiscard]] std::vector<Record*> with_key(std::string_view key) const;

 private:
  std::unordered_map<std::string_view, std::unique_ptr<Record>> by_id_;  // the key is a view of the record's own id
  std::unordered_multimap<std::size_t, Record*> by_key_;
  Order order_;
};

}  // namespace mirror::simulator
