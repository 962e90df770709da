#include "reconcile/planning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_set>

#include "reconcile/planner.hpp"
#include "reconcile/text_form.hpp"
#include "reconcile/unmatched_entries.hpp"

namespace mirror::reconcile {
namespace {

/// Who is on the list or a member in its scope; the other users of the directory are nobody's business here.
class RelevantUsers {
 public:
  RelevantUsers(const DesiredList& list, const std::vector<DirectoryMembership>& memberships) {
    for (const auto& person : list.people) {
      if (!person.external_id.empty()) external_ids_.insert(person.external_id);
      if (!person.email.empty()) emails_.insert(folded(person.email));
    }
    for (const auto& membership : memberships) ids_.insert(membership.user_id);
  }

  [[nodiscard]] bool contains(const DirectoryUser& user) const {
    return ids_.contains(user.id) || emails_.contains(folded(user.email)) ||
           (!user.external_id.empty() && external_ids_.contains(composed(user.external_id).value_or(user.external_id)));
  }

 private:
  std::unordered_set<std::string> ids_;
  std::unordered_set<std::string> external_ids_;
  std::unordered_set<std::string> emails_;
};

DirectoryState read_directory(db::DirectoryReader& reader, const DesiredList& list,
                              std::vector<DirectoryOrganization> organizations, UnmatchedEntries& unmatched) {
  const std::vector<std::string> scope(list.scope.begin(), list.scope.end());
  DirectoryState state{{}, {}, reader.memberships(scope), reader.invitations(scope)};
  for (const auto& each : organizations) unmatched.see(each);
  for (const auto& each : state.memberships) unmatched.see(each);
  for (const auto& each : state.invitations) unmatched.see(each);
  std::ranges::copy_if(organizations, std::back_inserter(state.organizations),
                       [&](const auto& each) { return list.scope.contains(each.id); });
  const RelevantUsers relevant(list, state.memberships);
  reader.users([&](DirectoryUser&& user) {
    unmatched.see(user);
    if (relevant.contains(user)) state.users.push_back(std::move(user));
  });
  return state;
}

constexpr const char* look_at_status = "`authkit-mirror status` says more; plan again when it is fresh";

[[noreturn]] void refuse(const std::string& why, const std::string& next_step = look_at_status) {
  throw StaleMirror(Fault::unavailable, "no plan from this mirror: " + why, next_step);
}

void require_organization(const std::vector<DirectoryOrganization>& organizations, const std::string& id) {
  if (id.empty() || std::ranges::find(organizations, id, &DirectoryOrganization::id) != organizations.end()) return;
  throw Error(Fault::usage, "the mirror has no organization " + id, "name it by its WorkOS id");
}

}  // namespace

void require_fresh(const db::MirrorPosition& position, std::chrono::seconds max_age) {
  if (!position.never_certified.empty()) {
    refuse(fmt::format("never read completely: {}", position.never_certified),
           "run `authkit-mirror sync`, or wait for the daemon's first pass");
  }
  if (position.open_holds > 0) {
    refuse(fmt::format("{} open since {}: deletions wait for a decision",
                       position.open_holds == 1 ? "a hold is" : fmt::format("{} holds are", position.open_holds),
                       position.oldest_hold_since),
           "`authkit-mirror holds` shows them; approve or discard, then plan again");
  }
  if (!position.tail_problem.empty()) {
    refuse(fmt::format("events are not followed since {}: {}", position.tail_problem_since, position.tail_problem));
  }
  const bool follows = position.seconds_since_end.has_value();
  const double age = follows ? *position.seconds_since_end : position.oldest_certified.value_or(0);
  if (age <= static_cast<double>(max_age.count())) return;
  refuse(follows ? fmt::format("events were last read to their end {:.0f} s ago, through {}; at most {} s are allowed",
                               age, position.caught_up_through, max_age.count())
                 : fmt::format("no events were followed yet, and the oldest certificate is {:.0f} s old; at most {} s "
                               "are allowed",
                               age, max_age.count()));
}

Planned make_plan(db::Connection& connection, const SourceRows& source, const std::string& what, ProblemList problems,
                  const PlanRequest& request) {
  problems.throw_if_any(what);
  db::DirectoryReader reader(connection, request.environment);
  const auto position = reader.position();
  require_fresh(position, request.max_age);
  // After events were lost a list has to be read anew, however closely events are followed since.
  if (position.seconds_since_end) {
    if (const auto stale = reader.staleness(request.max_age)) refuse(stale->message, stale->next_step);
  }
  auto organizations = reader.organizations();
  require_organization(organizations, request.only_organization);
  const DesiredList list = read_desired(source, organizations, request.only_organization, problems);
  problems.throw_if_any(what);

  Planned planned;
  planned.people = list.people.size();
  planned.repeated_rows = list.repeated_rows;
  planned.unrelated_rows = list.unrelated_rows;
  Plan& plan = planned.plan;
  plan.environment = request.environment;
  plan.feed_seq = position.feed_seq;
  plan.feed_written_at = position.feed_written_at;
  plan.caught_up_through = position.caught_up_through;
  std::tie(plan.created_at, plan.valid_until) = reader.now_and_later(request.valid_for.count());
  plan.scope.assign(list.scope.begin(), list.scope.end());
  plan.invites = request.rules.invites;
  plan.removes = request.rules.removes;
  UnmatchedEntries unmatched(request.rules.protect);
  plan.changes = plan_changes(list, read_directory(reader, list, std::move(organizations), unmatched), request.rules);
  planned.unmatched_protection = unmatched.places();
  return planned;
}

}  // namespace mirror::reconcile
