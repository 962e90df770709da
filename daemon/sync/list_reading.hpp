#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "api/directory_api.hpp"
#include "sync/walk_tracker.hpp"

namespace mirror::sync {

/// What reading one list to its end came to.
struct ListReading {
  bool vanished = false;               ///< the organization whose list it was does not exist any more
  std::int64_t rows = 0;               ///< objects listed
  std::vector<std::int64_t> embedded;  ///< objects in embedded lists, in the order of StreamSpec::embedded
  std::string problem;                 ///< why the list may not have been complete; empty if all is well
};

/// Takes a page and what it covers. Pages come again when the API led the reading astray and it began again.
using PageVisitor = std::function<void(const api::ListPage& page, const Coverage& covered)>;

/// Reads the list of `stream` (of `scope`, if it is listed per organization) from its beginning to its end, with the
/// same distrust as a walk of the daemon, closing proof included, but stores nothing. Throws Error when the API does
/// not answer, and what `visit` throws. Thread-safe.
ListReading read_list(const api::DirectoryApi& api, const StreamSpec& stream, const std::string& scope,
                      const PageVisitor& visit, const std::stop_token& stop);

}  // namespace mirror::sync
