#include "api/device_approval.hpp"

#include <nlohmann/json.hpp>

#include "api/api_error.hpp"
#include "api/operation_answers.hpp"

namespace mirror::api {
namespace {

using namespace std::chrono_literals;

/// RFC 8628: without an interval, 5 s; a client that is told to slow down adds 5 s for good.
constexpr std::chrono::seconds usual_interval{5};
constexpr std::chrono::seconds slower_by{5};
/// What WorkOS documents; only there so that a wait ends if the API never says expired_token.
constexpr std::chrono::seconds usual_lifetime{300};

std::chrono::seconds seconds_of(const nlohmann::ordered_json& object, const char* key, std::chrono::seconds otherwise) {
  const auto found = object.find(key);
  const bool is_usable = found != object.end() && found->is_number_integer() && *found > 0 && *found < 86'400;
  return is_usable ? std::chrono::seconds(found->get<int>()) : otherwise;
}

}  // namespace

nlohmann::ordered_json wait_for_approval(ApiClient& client, const nlohmann::ordered_json& authorization,
                                         const ApiCall& poll, Clock& clock, const std::stop_token& stop) {
  auto interval = seconds_of(authorization, "interval", usual_interval);
  const auto end = clock.now() + seconds_of(authorization, "expires_in", usual_lifetime);
  while (clock.now() < end) {
    if (!clock.wait_for(interval, stop)) throw Error(Fault::stopped, "a stop was requested before the approval");
    try {
      return send_call(client, poll, stop);
    } catch (const ApiError& answer) {
      const bool is_slow_down = answer.code() == "slow_down";
      if (!is_slow_down && answer.code() != "authorization_pending") throw;
      if (is_slow_down) interval += slower_by;
    }
  }
  throw Error(Fault::unavailable, "nobody approved the device before its code expired",
              "Begin again with device.authorize.");
}

}  // namespace mirror::api
