#pragma once

namespace mirror {

/// Lets other threads and processes go first where cores are few: for threads that fetch, so that those which decode
/// ahead do not slow down the one that writes, or PostgreSQL beside it. Concerns the calling thread for the rest of its
/// life; where it is not allowed, nothing happens.
void go_after_others() noexcept;

}  // namespace mirror
