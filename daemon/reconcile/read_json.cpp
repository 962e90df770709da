#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "reconcile/source_rows.hpp"

namespace mirror::reconcile {
namespace {

/// Keeps keys in the order of the file.
using json = nlohmann::ordered_json;

/// A place in a text that moves forwards only. Lines and columns count from 1 on, columns in bytes.
class TextPlace {
 public:
  explicit TextPlace(std::string_view text) : text_(text) {}

  void move_to(std::size_t byte) {
    for (; at_ < std::min(byte, text_.size()); ++at_) {
      ++column_;
      if (text_[at_] != '\n') continue;
      ++line_;
      column_ = 1;
    }
  }
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] std::string str() const { return fmt::format("line {}, column {}", line_, column_); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t column_ = 1;
};

/// Reads a text for the parser and tells how far that is, which the parser itself does not.
class CountedBytes {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountedBytes(const char* at, std::size_t& count) : at_(at), count_(&count) {}
  reference operator*() const { return *at_; }
  CountedBytes& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }
  bool operator==(const CountedBytes& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* count_;
};

/// Empty if it can't stand in a list.
std::optional<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (!value.is_array()) return std::nullopt;
  std::string joined;
  for (const json& part : value) {
    if (!part.is_string()) return std::nullopt;
    joined += (joined.empty() ? "" : "|") + part.get<std::string>();
  }
  return joined;
}

/// Follows the parser, which knows what it reads, and notes where that is.
class ListReading {
 public:
  ListReading(std::string_view text, ProblemList& problems) : text_(text), place_(text), problems_(problems) {
    source_.unit = "item";
  }

  SourceRows read() {
    try {
      const json whole =
          json::parse(CountedBytes(text_.data(), bytes_), CountedBytes(text_.data() + text_.size(), bytes_),
                      [this](int depth, json::parse_event_t event, json& value) {
                        follow(static_cast<std::size_t>(depth), event, value);
                        return true;
                      });
      if (!found_) problems_.add("line 1", "neither a list nor an object with the list \"people\"");
    } catch (const json::parse_error& error) {
      // The library's own message repeats what it read.
      TextPlace place(text_);
      place.move_to(error.byte == 0 ? 0 : error.byte - 1);
      problems_.add(place.str(), "not JSON from here on");
    }
    for (SourceRow& row : source_.rows) row.values.resize(source_.columns.size());
    return std::move(source_);
  }

 private:
  using Event = json::parse_event_t;

  void follow(std::size_t depth, Event event, const json& value) {
    if (!inside_) return look_for_list(depth, event, value);
    if (event == Event::array_end && depth == item_depth_ - 1) {
      inside_ = false;
    } else if (event == Event::object_start && depth == item_depth_) {
      begin_item();
    } else if (event == Event::key && depth == item_depth_ + 1) {
      place_.move_to(opening_quote());
      keys_[value.get<std::string>()] = place_.str();
    } else if (event == Event::object_end && depth == item_depth_) {
      read_item(value);
    } else if ((event == Event::value || event == Event::array_start) && depth == item_depth_) {
      begin_item();
      problems_.add(source_.place(row_), "not an object");
    }
  }

  void look_for_list(std::size_t depth, Event event, const json& value) {
    if (event == Event::key && depth == 1) is_people_ = value == "people";
    const bool begins = event == Event::array_start && (depth == 0 || (depth == 1 && is_people_));
    if (!begins) return;
    inside_ = found_ = true;
    item_depth_ = depth + 1;
  }

  /// Of the key that was just read.
  [[nodiscard]] std::size_t opening_quote() const {
    auto quote = text_.rfind('"', bytes_ - 2);
    while (text_[quote - 1] == '\\') quote = text_.rfind('"', quote - 1);
    return quote;
  }

  void begin_item() {
    place_.move_to(bytes_ - 1);
    row_ = {++items_, {}, place_.line()};
    keys_.clear();
  }

  void read_item(const json& item) {
    for (const auto& [name, value] : item.items()) {
      const std::string place = fmt::format("{} (item {})", keys_[name], items_);
      const std::size_t column = column_of(name, place);
      if (row_.values.size() <= column) row_.values.resize(column + 1);
      if (value.is_null()) continue;
      row_.values[column] = text_of(value);
      if (!row_.values[column]) problems_.add(place, "neither a text nor null");
    }
    source_.rows.push_back(std::move(row_));
  }

  std::size_t column_of(const std::string& name, const std::string& place) {
    const auto found = std::ranges::find(source_.columns, name);
    if (found == source_.columns.end()) {
      source_.add_column(name, place);
      return source_.columns.size() - 1;
    }
    return static_cast<std::size_t>(found - source_.columns.begin());
  }

  std::string_view text_;
  std::size_t bytes_ = 0;  ///< that the parser has read
  TextPlace place_;
  ProblemList& problems_;
  SourceRows source_;
  bool is_people_ = false;  ///< the last key of the outermost object is that of the list
  bool inside_ = false;
  bool found_ = false;
  std::size_t item_depth_ = 0;
  std::size_t items_ = 0;
  SourceRow row_;
  std::map<std::string, std::string> keys_;  ///< of the item, and where they are
};

}  // namespace

SourceRows read_json(std::string_view text, ProblemList& problems) {
  return ListReading(text, problems).read();
}

SourceRows read_source(std::string_view text, ProblemList& problems) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  const auto body = text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text;
  const auto first = body.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && (body[first] == '[' || body[first] == '{');
  return is_json ? read_json(body, problems) : read_csv(text, problems);
}

}  // namespace mirror::reconcile
