#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulator/http_message.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {

/// The environment's webhook endpoints, as WorkOS keeps them: /webhook_endpoints. What is sent where is set up apart
/// (webhook_control.hpp). Not thread-safe.
class EndpointList {
 public:
  /// Empty if the request does not concern them. Throws ApiFailure for what WorkOS would refuse.
  std::optional<Answer> answer(Store& store, const Request& request, const std::vector<std::string>& path);

 private:
  Answer list() const;
  Answer create(Store& store, const Json& body);
  Answer update(Store& store, const std::string& id, const Json& body);
  Answer remove(const std::string& id);
  void require_known(const std::string& id) const;
  void require_usable(const Json& body, const std::string& own_id) const;

  std::map<std::string, std::string> endpoints_;  ///< by id, as JSON text
};

}  // namespace mirror::simulator
