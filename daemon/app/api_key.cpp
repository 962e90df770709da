#include "app/api_key.hpp"

#include "app/option_table.hpp"

namespace mirror::app {

std::string where_api_key_goes(const Config& config) {
  if (config.section.empty()) {
    return "take one from the WorkOS dashboard (API Keys) and set WORKOS_API_KEY, name a file by api.key_file, or put "
           "it into /etc/authkit-mirror/credentials/api_key for systemd";
  }
  return "take one from the WorkOS dashboard (API Keys) and name a file by " + config.section +
         "api.key_file, set AUTHKIT_MIRROR_" + variable_part(config.section + "api.key") +
         ", or put it into /etc/authkit-mirror/credentials/api_key." + config.sync.environment + " for systemd";
}

std::optional<Error> lack_of_api_key(const Config& config) {
  if (!config.api.key.empty()) return std::nullopt;
  const std::string whose = config.section.empty() ? "" : " for the environment " + config.sync.environment;
  return Error(Fault::misconfigured, "there is no WorkOS API key" + whose, where_api_key_goes(config));
}

void require_api_key(const Config& config) {
  if (const auto lack = lack_of_api_key(config)) throw Error(*lack);
}

}  // namespace mirror::app
