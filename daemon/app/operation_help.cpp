#include "app/operation_help.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/operation_values.hpp"
#include "app/text_table.hpp"

namespace mirror::app {
namespace {

using Json = nlohmann::ordered_json;
using Kind = api::ParameterRule::Kind;

std::string caller_name(api::Caller caller) {
  switch (caller) {
    case api::Caller::key:
      return "the API key";
    case api::Caller::client:
      return "an application, with client_id and the API key as its secret";
    case api::Caller::maybe_public:
      return "an application, with client_id and the API key as its secret; with --public-client without";
    case api::Caller::device:
      return "an application, with client_id; no API key is needed";
    case api::Caller::browser:
      return "a browser; the address is only built";
  }
  return "";
}

std::string place_name(api::Place place) {
  switch (place) {
    case api::Place::path:
      return "path";
    case api::Place::query:
      return "query";
    case api::Place::body:
      return "body";
  }
  return "";
}

std::string rule_text(const api::ParameterRule& rule) {
  const std::string names = fmt::format("{}", fmt::join(rule.names, ", "));
  switch (rule.kind) {
    case Kind::at_least_one:
      return "at least one of " + names;
    case Kind::at_most_one:
      return "at most one of " + names;
    case Kind::second_needs_first:
      return fmt::format("{} only with {}", rule.names[1], rule.names[0]);
  }
  return "";
}

std::string value_text(const api::Parameter& parameter) {
  std::string text = api::expected_value(parameter);
  if (parameter.secret) text += ", secret: @FILE or -";
  return text;
}

Json describe(const api::Operation& operation) {
  Json parameters = Json::array();
  for (const api::Parameter& parameter : operation.parameters) {
    if (!parameter.constant.empty()) continue;
    parameters.push_back({{"name", parameter.name},
                          {"in", place_name(parameter.place)},
                          {"value", api::expected_value(parameter)},
                          {"required", parameter.required},
                          {"secret", parameter.secret},
                          {"meaning", parameter.meaning}});
  }
  Json rules = Json::array();
  for (const api::ParameterRule& rule : operation.rules) rules.push_back(rule_text(rule));
  return {{"name", operation.name},
          {"method", operation.method},
          {"path", operation.path},
          {"caller", caller_name(operation.caller)},
          {"summary", operation.summary},
          {"parameters", parameters},
          {"rules", rules},
          {"example", operation.example}};
}

}  // namespace

std::string catalogue_text() {
  TextTable table({"operation", "request", "does"});
  for (const api::Operation& operation : api::operations()) {
    table.add({std::string(operation.name), fmt::format("{} {}", operation.method, operation.path),
               std::string(operation.summary)});
  }
  return table.text();
}

std::string catalogue_json() {
  Json all = Json::array();
  for (const api::Operation& operation : api::operations()) all.push_back(describe(operation));
  return Json{{"operations", all}}.dump(2) + "\n";
}

std::string operation_help(const api::Operation& operation) {
  std::string text = fmt::format("{}\n{} {}\nCalled by {}.\n", operation.summary, operation.method, operation.path,
                                 caller_name(operation.caller));
  TextTable table({"parameter", "in", "value", "meaning"});
  bool has_parameters = false;
  for (const api::Parameter& parameter : operation.parameters) {
    if (!parameter.constant.empty()) continue;
    has_parameters = true;
    table.add({std::string(parameter.name) + (parameter.required ? " *" : ""), place_name(parameter.place),
               value_text(parameter), std::string(parameter.meaning)});
  }
  if (has_parameters) text += "\n" + table.text() + "* required\n";
  for (const api::ParameterRule& rule : operation.rules) text += rule_text(rule) + "\n";
  const std::string example = fmt::format("  authkit-mirror api {} {}", operation.name, operation.example);
  return text + "\nExample:\n" + example.substr(0, example.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace mirror::app
