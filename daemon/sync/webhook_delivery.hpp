#pragma once

namespace mirror::sync {

/// What became of the body of a webhook.
enum class Delivery {
  applied,     ///< committed; duplicates and stale ones too, since sending them again would change nothing
  malformed,   ///< no JSON object, or no event: nothing was stored
  unavailable  ///< database away, not the writer, stopping: the sender has to come again
};

}  // namespace mirror::sync
