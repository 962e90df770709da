#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/http_message.hpp"
#include "tests/simulator/record.hpp"

namespace mirror::simulator {

class Store;
struct Event;

/// What a client may ask of a list: section "Pagination" of the official documentation.
struct PageQuery {
  std::size_t limit = 10;
  bool ascending = false;
  bool swapped = false;  ///< order=normal: newest first, `before` walks to older objects
  std::optional<std::string> after;
  std::optional<std::string> before;
};

/// Throws ApiFailure (422) for a limit outside 1..100 or an unknown order.
PageQuery read_page_query(const Request& request);

/// An object or an event, as a member of a list. Points into the store.
struct Item {
  std::string_view id;
  std::int64_t created_microseconds = 0;
  const Record* record = nullptr;
  const Event* event = nullptr;
};

struct Page {
  std::vector<Item> items;
  std::optional<std::string> before;
  std::optional<std::string> after;
};

/// One list as the client may walk it. Lives as long as one request.
class Listing {
 public:
  virtual ~Listing() = default;
  /// Throws ApiFailure for an unknown cursor.
  [[nodiscard]] virtual Page select(const PageQuery& query) const = 0;
  [[nodiscard]] virtual bool knows(std::string_view id) const = 0;
  /// How many items stand before this one, oldest first. Linear.
  [[nodiscard]] virtual std::size_t rank(const Item& item) const = 0;
  [[nodiscard]] virtual Item item(std::string_view id) const = 0;
  /// Null for events.
  [[nodiscard]] virtual std::optional<Kind> kind() const = 0;
};

/// The objects of one kind, or of one index of it, that pass a filter.
class RecordListing final : public Listing {
 public:
  using Filter = std::function<bool(const Record&)>;

  RecordListing(const Store& store, Kind kind, const Order& order, Filter filter = {})
      : store_(store), kind_(kind), order_(order), filter_(std::move(filter)) {}

  [[nodiscard]] Page select(const PageQuery& query) const override;
  [[nodiscard]] bool knows(std::string_view id) const override;
  [[nodiscard]] std::size_t rank(const Item& item) const override;
  [[nodiscard]] Item item(std::string_view id) const override;
  [[nodiscard]] std::optional<Kind> kind() const override { return kind_; }

 private:
  [[nodiscard]] bool passes(const Record& record) const { return !filter_ || filter_(record); }
  [[nodiscard]] Position position_of(const std::string& cursor) const;
  [[nodiscard]] std::vector<Item> newer_than(std::optional<Position> start, std::size_t count) const;
  [[nodiscard]] std::vector<Item> older_than(std::optional<Position> start, std::size_t count) const;

  const Store& store_;
  Kind kind_;
  const Order& order_;
  Filter filter_;
};

}  // namespace mirror::simulator
