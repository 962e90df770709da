#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>

#include "api/api_client.hpp"
#include "api/operation_call.hpp"

namespace mirror::api {

/// Sends one call and gives its answer; null if the answer is empty. Throws as ApiClient::send does.
nlohmann::ordered_json send_call(ApiClient& client, const ApiCall& call, const std::stop_token& stop);

/// Reads a list of an operation that is paged to its end, page by page, and hands over each item, until `on_item` wants
/// no more: then it returns false. Throws as send_call does, and Error (unavailable) if the API repeats a cursor.
bool read_all(ApiClient& client, const Operation& operation, OperationValues values, const Identity& identity,
              const std::stop_token& stop, const std::function<bool(const nlohmann::ordered_json& item)>& on_item);

}  // namespace mirror::api
