#include "sync/mentioned_places.hpp"

namespace mirror::sync {

void MentionedPlaces::add(std::string_view stream, const std::vector<api::ListedItem>& mentioned) {
  if (mentioned.empty()) return;
  const std::lock_guard lock(mutex_);
  auto& kept = kept_.try_emplace(std::string(stream)).first->second;
  for (const auto& item : mentioned) {
    if (kept.seen++ % kept.stride != 0 || !item.created_at) continue;
    kept.places.push_back({item.id, *item.created_at});
    if (kept.places.size() < most_places) continue;
    // Full: every second one goes, and of those to come too.
    std::size_t left = 0;
    for (std::size_t i = 0; i < kept.places.size(); i += 2) kept.places[left++] = std::move(kept.places[i]);
    kept.places.resize(left);
    kept.stride *= 2;
  }
}

MentionedPlaces::Sample MentionedPlaces::of(std::string_view stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(stream);
  if (found == kept_.end()) return {};
  return {found->second.places, static_cast<double>(found->second.stride)};
}

}  // namespace mirror::sync
