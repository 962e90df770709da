#pragma once

#include "api/api_client.hpp"
#include "api/directory_api.hpp"
#include "api/events_api.hpp"

namespace mirror::sync {

/// What is read at WorkOS, over one client.
struct WorkosApi {
  explicit WorkosApi(const std::shared_ptr<api::ApiClient>& client)
      : directory(client), events(client), has_key(client->has_key()) {}

  api::DirectoryApi directory;
  api::EventsApi events;
  bool has_key;  ///< nothing can be asked without one
};

}  // namespace mirror::sync
