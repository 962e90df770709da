#include "reconcile/plan_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconcile/text_form.hpp"

namespace mirror::reconcile {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

KindCount PlanLimits::judge(ActionKind kind, long count, std::optional<long> of) const {
  KindCount judged{kind, count, of, false, {}};
  const auto found = of_kind.find(kind);
  const OfKind own = found == of_kind.end() ? OfKind{} : found->second;
  const long most = own.max_count.value_or(max_count);
  const double percent = own.max_percent.value_or(max_percent);
  const bool is_large_part =
      of && count > min_count && static_cast<double>(count) * 100 > percent * static_cast<double>(*of);
  judged.exceeded = count > most || is_large_part;
  judged.limit = of ? fmt::format("{}, or {}% beyond {}", most, percent, min_count) : fmt::format("{}", most);
  return judged;
}

void ProtectedOnes::read(std::string_view text, const std::string& file, ProblemList& problems) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
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
      add({*entry, fmt::format("{} line {}", file, number)});
    }
  }
}

void ProtectedOnes::add(ProtectedEntry entry) {
  names_.insert(entry.name);
  if (is_email(entry.name)) emails_.insert(folded(entry.name));
  entries_.push_back(std::move(entry));
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
