#pragma once

#include "api/api_options.hpp"
#include "app/config.hpp"

namespace mirror::app {

/// How an apply may talk to WorkOS: with the whole of api.max_requests_per_second, or with a fifth of it, at least one,
/// while another process holds the lease of the environment and has that share already. Says so in the log. Throws
/// Error as Connection and Transaction do.
api::ApiOptions share_of_apply(const Config& config);

}  // namespace mirror::app
