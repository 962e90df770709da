#include "app/memory.hpp"

#include <malloc.h>

namespace mirror::app {

void keep_malloc_small() {
  // glibc gives each thread an arena of its own, up to eight per core, and each keeps the freed pages of its largest
  // moment: with a dozen fetchers that is memory that grows with the number of threads, not with the work.
  mallopt(M_ARENA_MAX, 2);
  // Whenever a larger block is freed, glibc takes blocks of that size from the heap from then on. Answers and batches
  // of megabytes among small objects leave holes there: memory grew with the length of a first load. A fixed threshold
  // gives large blocks back at once.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

}  // namespace mirror::app
