#pragma once

namespace mirror {

/// Exit codes of every command, documented in README.md. They follow sysexits(3) where it has a fitting one.
enum class ExitCode : int {
  done = 0,
  not_all_well = 1,  ///< done, but a stream failed, deletions are held, or there is drift
  plan_has_changes = 2,
  usage = 64,
  away = 69,  ///< the API or the database can't be reached
  bug = 70,
  try_later = 75,     ///< the lease is elsewhere, or a wait timed out
  refused = 77,       ///< the API key or a database privilege is refused
  misconfigured = 78  ///< configuration or schema
};

}  // namespace mirror
