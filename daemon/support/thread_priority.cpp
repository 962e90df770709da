#include "support/thread_priority.hpp"

#include <sys/resource.h>
#include <unistd.h>

namespace mirror {
namespace {

/// About a third of the usual share, if others want to run.
constexpr int niceness = 5;

}  // namespace

void go_after_others() noexcept {
  // On Linux a thread's id in place of a process's means that thread alone (setpriority(2), "C library/kernel
  // differences").
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
}

}  // namespace mirror
