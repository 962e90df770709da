#include "api/operation_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "support/error.hpp"
#include "support/nearest_name.hpp"

namespace mirror::api {
namespace {

using Json = OperationValues;
using Kind = ParameterRule::Kind;

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

std::string help_step(const Operation& operation) {
  return fmt::format("`authkit-mirror api {} --help` shows its parameters", operation.name);
}

std::string unknown_parameter(const Operation& operation, std::string_view name) {
  std::vector<std::string> names;
  for (const Parameter& parameter : operation.parameters) {
    if (parameter.constant.empty()) names.emplace_back(parameter.name);
  }
  const auto nearest = nearest_name(name, names);
  return fmt::format("{} takes no \"{}\"{}", operation.name, name,
                     nearest ? ", did you mean \"" + *nearest + "\"?" : "");
}

bool is_choice(const Parameter& parameter, const Json& value) {
  if (parameter.choices.empty()) return true;
  const auto choices = split(parameter.choices);
  return std::ranges::find(choices, value.get<std::string>()) != choices.end();
}

bool is_list_of(const Json& value, bool (*is_item)(const Json&)) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, is_item);
}

/// The first key of an object of texts that has something else.
std::optional<std::string> misfit(const Parameter& parameter, const Json& value) {
  if (parameter.type != ValueType::object || !value.is_object()) return std::nullopt;
  for (const auto& [key, member] : value.items()) {
    if (!member.is_string() && !(member.is_null() && parameter.nullable)) return key;
  }
  return std::nullopt;
}

bool fits(const Parameter& parameter, const Json& value) {
  const auto is_text = [](const Json& item) { return item.is_string() && !item.get_ref<const std::string&>().empty(); };
  const bool is_bounded = parameter.least != 0 || parameter.most != 0;
  if (value.is_null()) return parameter.nullable;
  switch (parameter.type) {
    case ValueType::text:
      // In a path these would name another one.
      if (parameter.place == Place::path && (value == "." || value == "..")) return false;
      return is_text(value) && is_choice(parameter, value);
    case ValueType::integer:
      return value.is_number_integer() && (!is_bounded || (value >= parameter.least && value <= parameter.most));
    case ValueType::boolean:
      return value.is_boolean();
    case ValueType::texts:
      return is_list_of(value, is_text) &&
             std::ranges::all_of(value, [&](const Json& item) { return is_choice(parameter, item); });
    case ValueType::object:
      return value.is_object() && !misfit(parameter, value);
    case ValueType::objects:
      return is_list_of(value, [](const Json& item) { return item.is_object(); });
  }
  return false;
}

/// Empty if `text` can't be read as the parameter's type at all.
std::optional<Json> parse(ValueType type, const std::string& text) {
  switch (type) {
    case ValueType::text:
      return Json(text);
    case ValueType::texts:
      return Json(split(text));
    case ValueType::integer: {
      int number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
      return Json(number);
    }
    case ValueType::boolean:
      if (text != "true" && text != "false") return std::nullopt;
      return Json(text == "true");
    case ValueType::object:
    case ValueType::objects: {
      Json parsed = Json::parse(text, nullptr, false);
      if (parsed.is_discarded()) return std::nullopt;
      return parsed;
    }
  }
  return std::nullopt;
}

std::string joined(const std::vector<std::string_view>& names, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? fmt::format(" {} ", last) : ", ";
    text += names[i];
  }
  return text;
}

/// What is wrong by a rule, or nothing.
std::string broken(const ParameterRule& rule, const Json& values) {
  const auto given =
      std::ranges::count_if(rule.names, [&](std::string_view name) { return values.contains(std::string(name)); });
  switch (rule.kind) {
    case Kind::at_least_one:
      return given >= 1 ? "" : fmt::format("it needs {}", joined(rule.names, "or"));
    case Kind::at_most_one:
      return given <= 1 ? "" : fmt::format("{} exclude each other", joined(rule.names, "and"));
    case Kind::second_needs_first: {
      const bool is_alone = values.contains(std::string(rule.names[1])) && !values.contains(std::string(rule.names[0]));
      return is_alone ? fmt::format("{} means nothing without {}", rule.names[1], rule.names[0]) : "";
    }
  }
  return "";
}

/// What is wrong with a value that does not fit. Names a key of an object, but never repeats a value.
std::string unfitting(const Parameter& parameter, const Json& value) {
  const auto key = misfit(parameter, value);
  return fmt::format("{} has to be {}{}", parameter.name, expected_value(parameter),
                     key ? fmt::format(", but \"{}\" is something else", *key) : "");
}

}  // namespace

const Parameter& find_parameter(const Operation& operation, std::string_view name) {
  if (const Parameter* parameter = operation.find(name)) return *parameter;
  throw Error(Fault::usage, unknown_parameter(operation, name), help_step(operation));
}

std::string expected_value(const Parameter& parameter) {
  std::string choices(parameter.choices);
  for (auto at = choices.find(','); at != std::string::npos; at = choices.find(',', at + 2))
    choices.replace(at, 1, ", ");
  switch (parameter.type) {
    case ValueType::text:
      return choices.empty() ? "a text" : "one of " + choices;
    case ValueType::integer:
      return parameter.most == 0 ? "a whole number"
                                 : fmt::format("a whole number from {} to {}", parameter.least, parameter.most);
    case ValueType::boolean:
      return "true or false";
    case ValueType::texts:
      return choices.empty() ? "a list: a,b,c" : "a list of " + choices;
    case ValueType::object:
      return parameter.nullable ? "a JSON object of texts and nulls" : "a JSON object of texts";
    case ValueType::objects:
      return "a JSON list of objects";
  }
  return "";
}

OperationValues value_from_text(const Parameter& parameter, const std::string& text) {
  auto value = parse(parameter.type, text);
  if (value && fits(parameter, *value)) return std::move(*value);
  const std::string problem =
      value ? unfitting(parameter, *value) : fmt::format("{} has to be {}", parameter.name, expected_value(parameter));
  throw Error(Fault::usage, problem + (text.empty() ? " and is empty" : ""));
}

void check_values(const Operation& operation, const OperationValues& values) {
  std::vector<std::string> problems;
  for (const auto& [name, value] : values.items()) {
    const Parameter* parameter = operation.find(name);
    if (parameter == nullptr) problems.push_back(unknown_parameter(operation, name));
    if (parameter != nullptr && !fits(*parameter, value)) {
      problems.push_back(unfitting(*parameter, value));
    }
  }
  for (const Parameter& parameter : operation.parameters) {
    const bool is_missing = parameter.required && !values.contains(std::string(parameter.name));
    if (is_missing) problems.push_back(fmt::format("{} is missing", parameter.name));
  }
  for (const ParameterRule& rule : operation.rules) {
    if (std::string problem = broken(rule, values); !problem.empty()) problems.push_back(std::move(problem));
  }
  if (problems.empty()) return;
  throw Error(Fault::usage, fmt::format("api {}: {}", operation.name, fmt::join(problems, "; ")), help_step(operation));
}

}  // namespace mirror::api
