#include "app/reconcile_report.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "app/text_table.hpp"
#include "reconcile/plan_json.hpp"

namespace mirror::app {
namespace {

using nlohmann::json;
using reconcile::Action;
using reconcile::Exception;

constexpr std::array journal_states{"done", "skipped", "conflict", "failed", "started", "planned"};

std::string count_text(long count) {
  return grouped(static_cast<unsigned long long>(count));
}

/// Names of fields and roles may be shown; names and addresses of people may not.
std::string change_text(const Action& action) {
  std::string text;
  for (const auto& [name, value] : action.after) {
    const bool may_be_shown = name == "roles" || name == "status" || name == "state";
    const auto before = action.before.find(name);
    text += text.empty() ? "" : ", ";
    text += name;
    if (may_be_shown && before != action.before.end()) text += fmt::format(" {} -> {}", before->second, value);
    if (may_be_shown && before == action.before.end()) text += " " + value;
  }
  return text;
}

std::string action_line(const Action& action) {
  std::string line = fmt::format("  {:>5}  {:<21}", action.number, to_string(action.kind));
  for (const std::string* id : {&action.id, &action.user_id, &action.organization_id}) {
    if (!id->empty()) line += "  " + *id;
  }
  const std::string change = change_text(action);
  if (!change.empty()) line += "  " + change;
  return line + fmt::format("  ({}{}{})\n", action.reason, action.place.empty() ? "" : ", ", action.place);
}

std::string exception_lines(const char* heading, const std::vector<Exception>& exceptions, std::size_t show) {
  if (exceptions.empty()) return {};
  std::string text = fmt::format("\n{}: {}\n", heading, exceptions.size());
  for (std::size_t i = 0; i < std::min(show, exceptions.size()); ++i) {
    const Exception& each = exceptions[i];
    text += " ";
    for (const std::string* part : {&each.place, &each.id, &each.organization_id, &each.reason}) {
      if (!part->empty()) text += " " + *part;
    }
    text += "\n";
  }
  if (show < exceptions.size()) text += fmt::format("  and {} more\n", exceptions.size() - show);
  return text;
}

std::string unmatched_lines(const std::vector<std::string>& places, std::size_t show) {
  if (places.empty()) return {};
  std::string text =
      fmt::format("\nwarning: entries that protect nobody, as nobody in the mirror matches them: {}\n", places.size());
  for (std::size_t i = 0; i < std::min(show, places.size()); ++i) text += "  " + places[i] + "\n";
  if (show < places.size()) text += fmt::format("  and {} more\n", places.size() - show);
  return text;
}

std::string count_table(const reconcile::Plan& plan) {
  TextTable table({"CHANGE", "COUNT", "OF", "LIMIT"});
  for (const auto& count : plan.changes.counts) {
    table.add({std::string(to_string(count.kind)), count_text(count.count), count.of ? count_text(*count.of) : "new",
               count.limit + (count.exceeded ? "  OVER" : "")});
  }
  return table.text();
}

}  // namespace

std::string plan_text(const reconcile::Planned& planned, std::size_t show) {
  const reconcile::Plan& plan = planned.plan;
  std::string text = fmt::format("{} people on the list, {} organization{}; the mirror through {}\n\n", planned.people,
                                 plan.scope.size(), plan.scope.size() == 1 ? "" : "s",
                                 plan.caught_up_through.empty() ? "its last pass" : plan.caught_up_through);
  if (plan.changes.actions.empty()) {
    text += "nothing to do\n";
  } else {
    text += count_table(plan) + "\n";
    std::map<reconcile::ActionKind, std::size_t> shown;
    for (const Action& action : plan.changes.actions) {
      if (shown[action.kind]++ < show) text += action_line(action);
    }
    for (const auto& [kind, count] : shown) {
      if (count > show) text += fmt::format("  and {} more of {}\n", count - show, to_string(kind));
    }
  }
  text += exception_lines("protected, so nothing is planned for them", plan.changes.protected_ones, show);
  text += exception_lines("unresolved, so nothing is planned for them", plan.changes.unresolved, show);
  text += unmatched_lines(planned.unmatched_protection, show);
  if (planned.repeated_rows > 0) text += fmt::format("\nrepeated lines: {}\n", planned.repeated_rows);
  if (planned.unrelated_rows > 0)
    text += fmt::format("\nlines about other organizations: {}\n", planned.unrelated_rows);
  if (plan.exceeds_limits()) text += "\nover the limit: `reconcile apply` will ask for --approve\n";
  return text;
}

std::string plan_json(const reconcile::Planned& planned) {
  json answer = json_of(planned.plan);
  answer["digest"] = digest_of(planned.plan);
  answer["exceeds_limits"] = planned.plan.exceeds_limits();
  answer["unmatched_protection"] = planned.unmatched_protection;
  answer["list"] = {
      {"people", planned.people}, {"repeated_rows", planned.repeated_rows}, {"unrelated_rows", planned.unrelated_rows}};
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string apply_text(const reconcile::ApplyReport& report, bool is_trial, std::size_t show) {
  std::map<std::string, std::map<std::string, long>> counts;
  for (const auto& entry : report.entries) ++counts[entry.kind][entry.state];
  TextTable table({"CHANGE", is_trial ? "DONE BEFORE" : "DONE", "SKIPPED", "CONFLICT", "FAILED", "UNKNOWN",
                   is_trial ? "WOULD DO" : "NOT DONE"});
  for (auto& [kind, of_state] : counts) {
    TextTable::Row row{kind};
    for (const char* state : journal_states) row.push_back(count_text(of_state[state]));
    table.add(std::move(row));
  }
  std::string text = table.text();
  std::size_t shown = 0;
  for (const auto& entry : report.entries) {
    if (entry.error.empty() || shown == show) continue;
    ++shown;
    text += fmt::format("{}  {:>5}  {}  {}  {}{}{}\n", shown == 1 ? "\n" : "", entry.number, entry.kind, entry.state,
                        entry.object_id, entry.object_id.empty() ? "" : "  ", entry.error);
  }
  return text;
}

std::string apply_json(const reconcile::ApplyReport& report, std::size_t unseen) {
  json actions = json::array();
  json counts = json::object();
  for (const char* state : journal_states) counts[state] = report.count(state);
  for (const auto& entry : report.entries) {
    actions.push_back({{"number", entry.number},
                       {"kind", entry.kind},
                       {"state", entry.state},
                       {"id", entry.object_id},
                       {"organization_id", entry.organization_id},
                       {"request_id", entry.request_id},
                       {"error", entry.error}});
  }
  const json answer{{"already_applied", report.was_applied_before},
                    {"stopped_by", report.stopped_by ? json(report.stopped_by->what()) : json()},
                    {"unseen_by_mirror", unseen},
                    {"counts", counts},
                    {"actions", actions}};
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mirror::app
