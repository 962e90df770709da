#pragma once

namespace mirror::db {

/// An SQL condition on a row with `holder_pid` and `acquired_at`: the holder's session is gone, told apart from a later
/// one that got the same process number. Sessions of other database users are visible without their details: they count
/// as alive, and the time to live decides. For both leases, the mirror's and that of reconciliation.
inline constexpr const char* holder_session_gone = R"sql(
  holder_pid IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_stat_activity AS session
    WHERE session.pid = holder_pid
      AND (session.backend_start IS NULL
           OR (session.backend_start <= acquired_at AND session.application_name LIKE 'authkit-mirror %')))
)sql";

}  // namespace mirror::db
