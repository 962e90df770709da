#include "reconcile/plan_json.hpp"

#include <nlohmann/json.hpp>

#include "support/error.hpp"

namespace mirror::reconcile {
namespace {

using nlohmann::json;

json json_of(const Action& action) {
  json shown{{"number", action.number}, {"kind", to_string(action.kind)}, {"organization_id", action.organization_id},
             {"before", action.before}, {"after", action.after},          {"reason", action.reason},
             {"place", action.place}};
  if (!action.id.empty()) shown["id"] = action.id;
  if (!action.user_id.empty()) shown["user_id"] = action.user_id;
  if (action.user_action != 0) shown["user_action"] = action.user_action;
  return shown;
}

ActionKind read_kind(const json& name) {
  if (const auto kind = action_kind_of(name.get<std::string>())) return *kind;
  throw Error(Fault::usage, "the plan has an action of an unknown kind", "plan again with this version");
}

Action read_action(const json& from) {
  Action action;
  action.number = from.at("number");
  action.kind = read_kind(from.at("kind"));
  action.id = from.value("id", "");
  action.user_id = from.value("user_id", "");
  action.user_action = from.value("user_action", 0);
  action.organization_id = from.at("organization_id");
  action.before = from.at("before").get<Fields>();
  action.after = from.at("after").get<Fields>();
  action.reason = from.at("reason");
  action.place = from.at("place");
  return action;
}

json json_of(const Exception& exception) {
  return {{"id", exception.id},
          {"organization_id", exception.organization_id},
          {"reason", exception.reason},
          {"place", exception.place}};
}

Exception read_exception(const json& from) {
  return {from.at("id"), from.at("organization_id"), from.at("reason"), from.at("place")};
}

json json_of(const KindCount& count) {
  return {{"kind", to_string(count.kind)},
          {"count", count.count},
          {"of", count.of ? json(*count.of) : json()},
          {"limit", count.limit},
          {"exceeded", count.exceeded}};
}

KindCount read_count(const json& from) {
  KindCount count;
  count.kind = read_kind(from.at("kind"));
  count.count = from.at("count");
  if (!from.at("of").is_null()) count.of = from.at("of").get<long>();
  count.limit = from.at("limit");
  count.exceeded = from.at("exceeded");
  return count;
}

template <typename Value>
json list_of(const std::vector<Value>& values) {
  json list = json::array();
  for (const Value& value : values) list.push_back(json_of(value));
  return list;
}

template <typename Value>
std::vector<Value> read_list(const json& list, Value (*read)(const json&)) {
  std::vector<Value> values;
  for (const json& value : list) values.push_back(read(value));
  return values;
}

}  // namespace

json json_of(const Plan& plan) {
  return {{"environment", plan.environment},
          {"position",
           {{"feed_seq", plan.feed_seq},
            {"feed_written_at", plan.feed_written_at},
            {"caught_up_through", plan.caught_up_through}}},
          {"created_at", plan.created_at},
          {"valid_until", plan.valid_until},
          {"organizations", plan.scope},
          {"new_people", plan.invites ? "invite" : "create"},
          {"who_is_missing", plan.removes ? "remove" : "deactivate"},
          {"actions", list_of(plan.changes.actions)},
          {"protected", list_of(plan.changes.protected_ones)},
          {"unresolved", list_of(plan.changes.unresolved)},
          {"counts", list_of(plan.changes.counts)}};
}

Plan plan_of(const json& from) {
  Plan plan;
  plan.environment = from.at("environment");
  plan.feed_seq = from.at("position").at("feed_seq");
  plan.feed_written_at = from.at("position").at("feed_written_at");
  plan.caught_up_through = from.at("position").at("caught_up_through");
  plan.created_at = from.at("created_at");
  plan.valid_until = from.at("valid_until");
  plan.scope = from.at("organizations").get<std::vector<std::string>>();
  plan.invites = from.at("new_people") == "invite";
  plan.removes = from.at("who_is_missing") == "remove";
  plan.changes = {read_list(from.at("actions"), read_action), read_list(from.at("protected"), read_exception),
                  read_list(from.at("unresolved"), read_exception), read_list(from.at("counts"), read_count)};
  return plan;
}

}  // namespace mirror::reconcile
