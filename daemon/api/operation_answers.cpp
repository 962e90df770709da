#include "api/operation_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "api/api_error.hpp"

namespace mirror::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr int largest_page = 100;

/// Empty at the end of the list.
std::string next_cursor(const Json& page) {
  const auto metadata = page.find("list_metadata");
  if (metadata == page.end() || !metadata->is_object()) return {};
  const auto after = metadata->find("after");
  return after != metadata->end() && after->is_string() ? after->get<std::string>() : std::string();
}

}  // namespace

nlohmann::ordered_json send_call(ApiClient& client, const ApiCall& call, const std::stop_token& stop) {
  Json parsed;
  client.send(call, Lane::confirm, stop, [&](const ApiAnswer& answer) {
    const bool is_empty = answer.body.find_first_not_of(" \t\r\n") == std::string::npos;
    parsed = is_empty ? Json() : Json::parse(answer.body, nullptr, false);
    if (parsed.is_discarded()) throw InvalidBody("the answer is no JSON, although it says so");
  });
  return parsed;
}

bool read_all(ApiClient& client, const Operation& operation, OperationValues values, const Identity& identity,
              const std::stop_token& stop, const std::function<bool(const nlohmann::ordered_json& item)>& on_item) {
  if (!values.contains("limit")) values["limit"] = largest_page;
  std::set<std::string> cursors;
  for (;;) {
    const Json page = send_call(client, make_call(operation, values, identity), stop);
    const auto data = page.find("data");
    if (data == page.end() || !data->is_array()) {
      throw Error(Fault::unavailable, fmt::format("the answer to {} is no list", operation.name));
    }
    if (!std::ranges::all_of(*data, on_item)) return false;
    const std::string after = next_cursor(page);
    if (after.empty()) return true;
    if (!cursors.insert(after).second) {
      throw Error(Fault::unavailable,
                  fmt::format("{}: WorkOS gave the same cursor twice, the list has no end", operation.name),
                  "Try again later; what was printed is not the whole list.");
    }
    values["after"] = after;
    values.erase("range_start");  // it excludes a cursor, and what the cursor points to lies behind it
  }
}

}  // namespace mirror::api
