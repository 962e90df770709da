#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulator/http_message.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {

/// The code that every email, text message and authenticator app of the simulated world shows.
inline constexpr const char* one_time_code = "123456";
/// A sign-in that waits for its next step, and a browser's code of a standalone SSO sign-in.
inline constexpr const char* pending_token = "pending_simulator";
inline constexpr const char* sso_code = "sso_simulator";

/// Signing in, as far as the official emulator can't show it: address changes, challenges of factors, the grants behind
/// a pending sign-in, standalone SSO. Not thread-safe.
class SignIn {
 public:
  /// Empty if the request is none of these. Throws ApiFailure for what WorkOS would refuse.
  std::optional<Answer> answer(Store& store, const Request& request, const std::vector<std::string>& path,
                               const std::string& api_key);

 private:
  Answer change_address(Store& store, const std::string& user, const std::string& step, const Json& body);
  Answer enroll(Store& store, const Json& body);
  Answer challenge(Store& store, const std::string& factor);
  Answer verify(const std::string& challenge, const Json& body);

  std::map<std::string, std::string> wanted_addresses_;  ///< by user
  std::set<std::string> factors_;
  std::map<std::string, std::string> challenges_;  ///< by id, as JSON text
};

}  // namespace mirror::simulator
