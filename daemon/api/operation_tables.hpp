#pragma once

#include <utility>

#include "api/operation.hpp"

/// The catalogue's parts, and the words in which they are written.
namespace mirror::api {

std::vector<Operation> sign_in_operations();
std::vector<Operation> grant_operations();
std::vector<Operation> code_operations();
std::vector<Operation> factor_operations();
std::vector<Operation> user_operations();
std::vector<Operation> address_operations();
std::vector<Operation> invitation_operations();
std::vector<Operation> organization_operations();
std::vector<Operation> domain_operations();
std::vector<Operation> membership_operations();
std::vector<Operation> environment_operations();

constexpr Parameter path_id(std::string_view meaning) {
  return {.name = "id", .place = Place::path, .meaning = meaning, .required = true};
}

constexpr Parameter in_query(std::string_view name, std::string_view meaning, ValueType type = ValueType::text) {
  return {.name = name, .place = Place::query, .type = type, .meaning = meaning};
}

constexpr Parameter in_body(std::string_view name, std::string_view meaning, ValueType type = ValueType::text) {
  return {.name = name, .place = Place::body, .type = type, .meaning = meaning};
}

constexpr Parameter required(Parameter parameter) {
  parameter.required = true;
  return parameter;
}

constexpr Parameter secret(Parameter parameter) {
  parameter.secret = true;
  return parameter;
}

constexpr Parameter nullable(Parameter parameter) {
  parameter.nullable = true;
  return parameter;
}

constexpr Parameter one_of(Parameter parameter, std::string_view choices) {
  parameter.choices = choices;
  return parameter;
}

constexpr Parameter between(Parameter parameter, int least, int most) {
  parameter.least = least;
  parameter.most = most;
  return parameter;
}

constexpr Parameter always(Parameter parameter, std::string_view constant) {
  parameter.constant = constant;
  return parameter;
}

/// `request` is method and path: "GET /organizations".
inline Operation called_by(Caller caller, std::string_view name, std::string_view request, std::string_view summary,
                           std::vector<Parameter> parameters, std::string_view example,
                           std::vector<ParameterRule> rules = {}) {
  const auto space = request.find(' ');
  return {name,    request.substr(0, space), request.substr(space + 1), caller, summary, std::move(parameters),
          example, std::move(rules)};
}

inline Operation by_key(std::string_view name, std::string_view request, std::string_view summary,
                        std::vector<Parameter> parameters, std::string_view example,
                        std::vector<ParameterRule> rules = {}) {
  return called_by(Caller::key, name, request, summary, std::move(parameters), example, std::move(rules));
}

/// The parameters that every list has, behind its own.
inline std::vector<Parameter> with_pages(std::vector<Parameter> own) {
  own.push_back(in_query("after", "cursor: the page starts behind the object of this id"));
  own.push_back(in_query("before", "cursor: the page lies in front of the object of this id"));
  own.push_back(between(in_query("limit", "objects per page (10; 100 with --all)", ValueType::integer), 1, 100));
  own.push_back(one_of(in_query("order", "by creation (desc)"), "asc,desc,normal"));
  return own;
}

}  // namespace mirror::api
