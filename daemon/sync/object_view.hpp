#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "api/directory_api.hpp"
#include "model/content_hash.hpp"
#include "sync/difference.hpp"

namespace mirror::sync {

/// What the API says about one object at this moment.
struct ObjectView {
  enum class Answer { absent, readable, undecodable };

  Answer answer = Answer::absent;
  ContentHash hash;  ///< of a readable one
  std::string raw;   ///< of a readable one: the object without secrets, JSON
};

/// Reads one object by its id, in the limiter's confirm lane; one that is embedded in another, as it stands in there.
/// Throws Error when the API does not answer, or answers with an error that says nothing about the object. Thread-safe.
ObjectView view_object(const api::DirectoryApi& api, const ObjectName& object, const std::stop_token& stop);

}  // namespace mirror::sync
