#include "support/thread_label.hpp"

#include <fmt/core.h>
#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>

namespace mirror {
namespace {

/// Linux hands a thread's name on to the threads that it starts, and keeps 15 bytes of it: so a name stands for a
/// label.
using ThreadName = std::array<char, 16>;

struct Labels {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> by_name;
  std::atomic<bool> any{false};  ///< a log without labels asks no lock and no kernel
};

Labels& labels() {
  static Labels all;
  return all;
}

}  // namespace

void label_thread(const std::string& label) {
  Labels& all = labels();
  const std::lock_guard lock(all.mutex);
  const std::string name = fmt::format("{:.11}~{}", label, all.by_name.size());
  all.by_name.emplace(name, label);
  all.any = true;
  prctl(PR_SET_NAME, name.c_str());
}

std::string thread_label() {
  Labels& all = labels();
  if (!all.any) return {};
  ThreadName name{};
  prctl(PR_GET_NAME, name.data());
  const std::lock_guard lock(all.mutex);
  const auto found = all.by_name.find(std::string_view{name.data()});
  return found == all.by_name.end() ? std::string{} : found->second;
}

}  // namespace mirror
