#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/duration_text.hpp"
#include "app/option_table.hpp"

namespace mirror::app {
namespace {

std::string allowed_range(const Option& option) {
  std::string range;
  if (option.type == OptionType::whole) {
    range =
        fmt::format("a whole number from {} to {}", static_cast<long>(option.least), static_cast<long>(option.most));
  } else if (option.type == OptionType::decimal) {
    range = fmt::format("a number from {} to {}", option.least, option.most);
  } else if (option.type == OptionType::duration) {
    const auto text = [](double count) { return to_text(std::chrono::milliseconds{static_cast<std::int64_t>(count)}); };
    range =
        fmt::format("a duration from {} to {}, with a unit (ms, s, m, h, d)", text(option.least), text(option.most));
  } else if (option.type == OptionType::boolean) {
    range = "true or false";
  }
  for (const std::string& choice : option.choices) range += (range.empty() ? "" : ", or ") + choice;
  return range;
}

template <typename Number>
bool read_number(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stopped == end;
}

bool in_range(const Option& option, double number) {
  return number >= option.least && number <= option.most;
}

bool read_by_type(const Option& option, OptionValue& value) {
  switch (option.type) {
    case OptionType::text:
    case OptionType::path:
      return true;
    case OptionType::choice:
      return false;  // its words have been tried before
    case OptionType::boolean:
      value.boolean = value.text == "true";
      return value.boolean || value.text == "false";
    case OptionType::whole:
      return read_number(value.text, value.whole) && in_range(option, static_cast<double>(value.whole));
    case OptionType::decimal:
      return read_number(value.text, value.decimal) && in_range(option, value.decimal);
    case OptionType::duration: {
      const auto duration = parse_duration(value.text);
      if (duration) value.duration = *duration;
      return duration && in_range(option, static_cast<double>(duration->count()));
    }
  }
  return false;
}

}  // namespace

std::string read_option(const Option& option, const std::string& text, OptionValue& value) {
  value.text = text;
  const bool is_word = std::find(option.choices.begin(), option.choices.end(), text) != option.choices.end();
  if (!is_word && !read_by_type(option, value)) return allowed_range(option);
  return option.refuse ? option.refuse(value) : std::string{};
}

}  // namespace mirror::app
