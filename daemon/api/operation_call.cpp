#include "api/operation_call.hpp"

#include <Poco/UUIDGenerator.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/percent_encoding.hpp"
#include "support/error.hpp"

namespace mirror::api {
namespace {

using Json = OperationValues;

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// A star is allowed unencoded (RFC 3986, sub-delims), so that hidden values stay readable.
std::string encoded(const Json& value) {
  return percent_encoded(plain_text(value), "*");
}

/// Lists are comma-joined (the description's style `form` without explode), objects get a parameter per member, as
/// WorkOS' own clients write them.
void append_query(std::string& query, const std::string& name, const Json& value) {
  const auto begin = [&](const std::string& key) { query += (query.empty() ? "?" : "&") + key + "="; };
  if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      append_query(query, name + "%5B" + percent_encoded(key) + "%5D", member);
    return;
  }
  begin(name);
  if (!value.is_array()) {
    query += encoded(value);
    return;
  }
  for (std::size_t i = 0; i < value.size(); ++i) query += (i == 0 ? "" : ",") + encoded(value[i]);
}

std::string target_of(const Operation& operation, const Json& values) {
  std::string path(operation.path);
  std::string query;
  for (const Parameter& parameter : operation.parameters) {
    const std::string name(parameter.name);
    const auto value = parameter.constant.empty() ? values.value(name, Json()) : Json(parameter.constant);
    if (value.is_null()) continue;
    if (parameter.place == Place::query) append_query(query, name, value);
    if (parameter.place != Place::path) continue;
    const std::string mark = "{" + name + "}";
    path.replace(path.find(mark), mark.size(), encoded(value));
  }
  return path + query;
}

bool sends_secret(const Operation& operation, const Identity& identity) {
  return operation.caller == Caller::client || (operation.caller == Caller::maybe_public && !identity.is_public);
}

/// Empty if the operation has nothing to say in a body.
std::string body_of(const Operation& operation, const Json& values, const Identity& identity) {
  bool has_body = false;
  Json body = Json::object();
  for (const Parameter& parameter : operation.parameters) {
    if (parameter.place != Place::body) continue;
    has_body = true;
    const std::string name(parameter.name);
    if (!parameter.constant.empty()) body[name] = parameter.constant;
    if (values.contains(name)) body[name] = values[name];
  }
  if (sends_secret(operation, identity)) body["client_secret"] = identity.key.expose();
  return has_body ? body.dump(-1, ' ', false, Json::error_handler_t::replace) : "";
}

Json with_hidden_secrets(const Operation& operation, Json values) {
  for (const Parameter& parameter : operation.parameters) {
    const std::string name(parameter.name);
    if (parameter.secret && values.contains(name)) values[name] = hidden_secret;
  }
  return values;
}

void require_possible(const Operation& operation, const Identity& identity) {
  const bool is_possible = operation.caller == Caller::maybe_public || operation.caller == Caller::device;
  if (!identity.is_public || is_possible) return;
  throw Error(Fault::usage, fmt::format("api {}: no public client can do this", operation.name),
              "leave out --public-client");
}

/// Standalone SSO knows who asks by the body alone. So does a device, but the official emulator wants a key from it.
bool shows_key(const Operation& operation, const Identity& identity) {
  if (identity.is_public || operation.caller == Caller::browser || operation.path == "/sso/token") return false;
  return operation.caller != Caller::device || !identity.key.empty();
}

ApiCall assemble(const Operation& operation, const Json& values, const Identity& identity) {
  ApiCall call;
  call.method = operation.method;
  call.target = target_of(operation, values);
  call.body = body_of(operation, values, identity);
  const bool is_post = operation.method == "POST";
  if (is_post) call.idempotency_key = identity.idempotency_key;
  call.shows_key = shows_key(operation, identity);
  call.is_repeatable = operation.is_repeatable();
  call.may_be_empty = operation.method != "GET";
  return call;
}

}  // namespace

ApiCall make_call(const Operation& operation, const OperationValues& values, const Identity& identity) {
  check_values(operation, values);
  require_possible(operation, identity);
  ApiCall call = assemble(operation, values, identity);
  call.shown_target = target_of(operation, with_hidden_secrets(operation, values));
  return call;
}

ApiCall make_shown_call(const Operation& operation, const OperationValues& values, const Identity& identity) {
  check_values(operation, values);
  require_possible(operation, identity);
  const Identity hidden{Secret(hidden_secret), identity.is_public, identity.idempotency_key};
  return assemble(operation, with_hidden_secrets(operation, values), hidden);
}

std::string new_idempotency_key() {
  return Poco::UUIDGenerator::defaultGenerator().createRandom().toString();
}

}  // namespace mirror::api
