#pragma once

#include "app/check_report.hpp"
#include "app/config.hpp"

namespace mirror::api {
class DirectoryApi;
}  // namespace mirror::api

namespace mirror::app {

/// Whether the API key belongs to the environment that is mirrored (rule R15). Needs a database whose schema is this
/// version's. Never throws Error: a problem is a failed line.
CheckLine check_environment(const Config& config, const api::DirectoryApi& directory);

}  // namespace mirror::app
