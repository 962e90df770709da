#include "app/memory.hpp"

#include <malloc.h>

namespace mirror::app {

void limit_malloc_arenas() {
  // glibc gives each thread an arena of its own, up to eight per core, and each keeps the freed pages of its largest
  // moment: with a dozen fetchers that is memory that grows with the number of threads, not with the work.
  mallopt(M_ARENA_MAX, 2);
}

}  // namespace mirror::app
