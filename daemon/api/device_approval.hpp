#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>

#include "api/api_client.hpp"

namespace mirror::api {

/// Asks for the tokens of a device until its person approved or refused (RFC 8628, sections 3.4 and 3.5): sends `poll`,
/// which is authenticate.device, every `interval` seconds of `authorization`, the answer to device.authorize, and five
/// seconds slower whenever the API says slow_down. A poll that is lost is not the end: the next one comes after twice
/// the pause, until the code expires. Polls carry no idempotency key: each may be answered differently. Throws ApiError
/// if the person refused or the code expired, Error (unavailable) if nobody approved in time, (stopped).
nlohmann::ordered_json wait_for_approval(ApiClient& client, const nlohmann::ordered_json& authorization, ApiCall poll,
                                         Clock& clock, const std::stop_token& stop);

}  // namespace mirror::api
