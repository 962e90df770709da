#include "sync/write_job.hpp"

namespace mirror::sync {

void SnapshotContext::add_suspect(Suspect suspect) {
  const std::lock_guard lock(mutex_);
  if (suspects_.size() < most_suspects) suspects_.emplace(suspect.table, std::move(suspect.id));
}

std::vector<Suspect> SnapshotContext::take_suspects() {
  const std::lock_guard lock(mutex_);
  std::vector<Suspect> taken;
  for (const auto& [table, object_id] : suspects_) taken.push_back({table, object_id});
  suspects_.clear();
  return taken;
}

}  // namespace mirror::sync
