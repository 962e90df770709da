#pragma once

namespace mirror::app {

/// Keeps the process small. Call before the first thread starts.
void limit_malloc_arenas();

}  // namespace mirror::app
