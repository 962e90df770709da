#include "app/reconcile_limit.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "support/error.hpp"

namespace mirror::app {
namespace {

constexpr std::size_t most_digits = 9;

std::optional<long> number_of(std::string_view text) {
  if (text.empty() || text.size() > most_digits) return std::nullopt;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return std::stol(std::string(text));
}

/// "12.5%" and the like, up to 100%.
std::optional<double> percent_of(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto point = text.find('.');
  const bool is_whole = point == std::string_view::npos;
  if (!number_of(text.substr(0, point)) || (!is_whole && !number_of(text.substr(point + 1)))) return std::nullopt;
  const double percent = std::stod(std::string(text));
  return percent <= 100 ? std::optional(percent) : std::nullopt;
}

/// Empty if the text is none.
std::optional<reconcile::PlanLimits::OfKind> limit_of(std::string_view text) {
  const auto comma = text.find(',');
  if (comma != std::string_view::npos) {
    const auto number = number_of(text.substr(0, comma));
    const auto percent = percent_of(text.substr(comma + 1));
    if (!number || !percent) return std::nullopt;
    return reconcile::PlanLimits::OfKind{number, percent};
  }
  const reconcile::PlanLimits::OfKind limit{number_of(text), percent_of(text)};
  if (!limit.max_count && !limit.max_percent) return std::nullopt;
  return limit;
}

[[noreturn]] void refuse(const std::string& text, const std::string& cause, const std::string& next_step) {
  throw Error(Fault::usage, fmt::format("--limit {}: {}", text, cause), next_step);
}

std::string known_kinds() {
  std::string kinds;
  for (const auto kind : reconcile::all_action_kinds) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(reconcile::to_string(kind));
  }
  return kinds;
}

}  // namespace

void read_limit(const std::string& text, reconcile::PlanLimits& limits) {
  const auto equals = text.find('=');
  const auto kind = reconcile::action_kind_of(text.substr(0, equals));
  if (!kind) refuse(text, "no kind of change is called like that", "kinds are " + known_kinds());
  const auto limit = equals == std::string::npos ? std::nullopt : limit_of(std::string_view(text).substr(equals + 1));
  if (!limit) {
    refuse(text, "not KIND=NUMBER, KIND=PERCENT% or KIND=NUMBER,PERCENT%",
           fmt::format("write {0}=50, {0}=10% or {0}=50,10%", reconcile::to_string(*kind)));
  }
  if (limit->max_percent && reconcile::makes_new(*kind)) {
    refuse(text, "it makes new ones, so there is nothing that a percentage could be of",
           fmt::format("write {}=50", reconcile::to_string(*kind)));
  }
  auto& own = limits.of_kind[*kind];
  if (limit->max_count) own.max_count = limit->max_count;
  if (limit->max_percent) own.max_percent = limit->max_percent;
}

}  // namespace mirror::app
