#include "sync/difference.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace mirror::sync {

using nlohmann::json;

bool is_drift(DifferenceKind kind) noexcept {
  return kind != DifferenceKind::parked && kind != DifferenceKind::held;
}

std::string_view to_string(DifferenceKind kind) noexcept {
  switch (kind) {
    case DifferenceKind::missing:
      return "missing";
    case DifferenceKind::extra:
      return "extra";
    case DifferenceKind::different:
      return "different";
    case DifferenceKind::undecodable:
      return "undecodable";
    case DifferenceKind::parked:
      return "parked";
    case DifferenceKind::held:
      return "held";
  }
  return "different";
}

std::int64_t TableComparison::count(DifferenceKind kind) const {
  return std::ranges::count(differences, kind, &Difference::kind);
}

bool TableComparison::is_equal() const {
  return unchecked == 0 && problem.empty() &&
         std::ranges::none_of(differences, [](const Difference& each) { return is_drift(each.kind); });
}

std::vector<std::string> differing_members(std::string_view mirrored, std::string_view received) {
  const auto here = json::parse(mirrored, nullptr, false);
  const auto there = json::parse(received, nullptr, false);
  if (!here.is_object() || !there.is_object()) return {"_raw"};
  std::set<std::string> differing;
  for (const auto& [key, value] : here.items()) {
    const auto other = there.find(key);
    if (other == there.end() || *other != value) differing.insert(key);
  }
  for (const auto& [key, value] : there.items()) {
    if (!here.contains(key)) differing.insert(key);
  }
  if (differing.empty()) return {"_hash"};
  return {differing.begin(), differing.end()};
}

}  // namespace mirror::sync
