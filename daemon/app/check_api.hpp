#pragma once

#include <vector>

#include "app/check_report.hpp"
#include "app/config.hpp"
#include "support/clock.hpp"
#include "sync/sync_options.hpp"

namespace mirror::api {
class DirectoryApi;
}  // namespace mirror::api

namespace mirror::app {

/// Whether there is a key, where it comes from and whether it looks like one. Says nothing about its content.
CheckLine check_key_form(const Config& config);

/// Reads one object of each enabled stream, then compares the host's clock with the API's. Never throws Error: a
/// problem is a line. What is scoped by organization is asked for the first organization.
std::vector<CheckLine> check_api(const api::DirectoryApi& directory, const sync::SyncOptions& options,
                                 const Clock& clock);

}  // namespace mirror::app
