#pragma once

#include "api/directory_api.hpp"
#include "api/events_api.hpp"

namespace mirror::sync {

/// What is read at WorkOS, over one client.
struct WorkosApi {
  explicit WorkosApi(const std::shared_ptr<api::ApiClient>& client) : directory(client), events(client) {}

  api::DirectoryApi directory;
  api::EventsApi events;
};

}  // namespace mirror::sync
