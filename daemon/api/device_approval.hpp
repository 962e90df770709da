#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>

#include "api/api_client.hpp"

namespace mirror::api {

/// Asks for the tokens of a device until its person approved or refused (RFC 8628, sections 3.4 and 3.5): sends `poll`,
/// which is authenticate.device, every `interval` seconds of `authorization`, the answer to device.authorize, and five
/// seconds slower whenever the API says slow_down. Throws ApiError if the person refused or the code expired, else as
/// send_call does.
nlohmann::ordered_json wait_for_approval(ApiClient& client, const nlohmann::ordered_json& authorization,
                                         const ApiCall& poll, Clock& clock, const std::stop_token& stop);

}  // namespace mirror::api
