#include "reconcile/plan_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconcile/text_form.hpp"

namespace mirror::reconcile {

KindCount PlanLimits::judge(ActionKind kind, long count, std::optional<long> of) const {
  KindCount judged{kind, count, of, false, {}};
  const auto own = counts.find(kind);
  if (own != counts.end()) {
    judged.exceeded = count > own->second;
    judged.limit = fmt::format("{}", own->second);
    return judged;
  }
  const bool is_large_part =
      of && count > min_count && static_cast<double>(count) * 100 > max_percent * static_cast<double>(*of);
  judged.exceeded = count > max_count || is_large_part;
  judged.limit =
      of ? fmt::format("{}, or {}% beyond {}", max_count, max_percent, min_count) : fmt::format("{}", max_count);
  return judged;
}

ProtectedOnes ProtectedOnes::parse(std::string_view text, ProblemList& problems) {
  ProtectedOnes parsed;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const auto entry = composed(line.substr(0, line.find('#')));
    const bool has_space = entry && entry->find_first_of(" \t") != std::string::npos;
    if (!entry || has_space) {
      problems.add(fmt::format("line {}", number), "not an id, an external id or an email address");
    } else if (!entry->empty()) {
      parsed.add(*entry);
    }
  }
  return parsed;
}

void ProtectedOnes::add(const std::string& entry) {
  names_.insert(entry);
  if (is_email(entry)) emails_.insert(folded(entry));
}

bool ProtectedOnes::covers(const DirectoryUser& user) const {
  return names(user.id) || names(user.external_id) || covers_email(user.email);
}

bool ProtectedOnes::covers(const DirectoryOrganization& organization) const {
  return names(organization.id) || names(organization.external_id);
}

bool ProtectedOnes::covers_email(const std::string& email) const {
  return emails_.contains(folded(email));
}

}  // namespace mirror::reconcile
