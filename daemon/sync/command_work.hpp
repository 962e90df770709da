#pragma once

#include <string>
#include <string_view>

#include "sync/lease_period.hpp"

namespace mirror::sync {

/// The work of one kind of command, in the process that holds the lease: arguments and result are JSON
/// (command_text.hpp). Throws Error.
using CommandWork = std::string (*)(LeasePeriod& period, const std::string& arguments);

/// Of every kind but "sync", which is the stream loops' work. Null for an unknown kind.
CommandWork find_command_work(std::string_view kind) noexcept;

}  // namespace mirror::sync
