#pragma once

namespace mirror::app {

/// Keeps the process small. Call before the first thread starts.
void keep_malloc_small();

}  // namespace mirror::app
