#include "api/device_approval.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

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
/// A poll whose answer got lost doubles the pause, up to this.
constexpr std::chrono::seconds longest_backoff{60};

std::chrono::seconds seconds_of(const nlohmann::ordered_json& object, const char* key, std::chrono::seconds otherwise) {
  const auto found = object.find(key);
  const bool is_usable = found != object.end() && found->is_number_integer() && *found > 0 && *found < 86'400;
  return is_usable ? std::chrono::seconds(found->get<int>()) : otherwise;
}

/// How long to pause between polls, and why.
class Pace {
 public:
  explicit Pace(std::chrono::seconds interval) : interval_(interval), pause_(interval) {}

  [[nodiscard]] std::chrono::seconds pause() const { return pause_; }
  [[nodiscard]] const std::string& last_loss() const { return last_loss_; }

  /// Throws on what ends the wait.
  void note(const Error& error) {
    const auto* answer = dynamic_cast<const ApiError*>(&error);
    const std::string code = answer == nullptr ? "" : answer->code();
    if (code == "slow_down") interval_ += slower_by;
    if (code == "slow_down" || code == "authorization_pending") {
      pause_ = interval_;
      last_loss_.clear();
    } else if (error.fault() == Fault::unavailable) {
      pause_ = std::max(interval_, std::min(2 * pause_, longest_backoff));
      last_loss_ = error.what();
    } else {
      throw;
    }
  }

 private:
  std::chrono::seconds interval_;
  std::chrono::seconds pause_;
  std::string last_loss_;  ///< empty if the last poll was answered
};

}  // namespace

nlohmann::ordered_json wait_for_approval(ApiClient& client, const nlohmann::ordered_json& authorization, ApiCall poll,
                                         Clock& clock, const std::stop_token& stop) {
  poll.idempotency_key.clear();
  Pace pace(seconds_of(authorization, "interval", usual_interval));
  const auto end = clock.now() + seconds_of(authorization, "expires_in", usual_lifetime);
  while (clock.now() < end) {
    if (!clock.wait_for(pace.pause(), stop)) throw Error(Fault::stopped, "a stop was requested before the approval");
    try {
      return send_call(client, poll, stop);
    } catch (const Error& error) {
      pace.note(error);
    }
  }
  const std::string loss = pace.last_loss().empty() ? "" : "; the last poll was lost: " + pace.last_loss();
  throw Error(Fault::unavailable, "nobody approved the device before its code expired" + loss,
              "Begin again with device.authorize.");
}

}  // namespace mirror::api
