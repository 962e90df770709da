#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reconcile/apply.hpp"
#include "reconcile/planning.hpp"
#include "tests/harness/mirror_fixture.hpp"

namespace mirror::test {

/// A small simulated directory that is mirrored, and what `reconcile` does with it. Three organizations without
/// members, unless a test makes some.
class ReconcileFixture : public harness::MirrorFixture {
 public:
  ReconcileFixture()
      : MirrorFixture({.directory = {.organizations = 3, .users = 0, .memberships = 0, .invitations = 0}}) {
    api_options.max_requests_per_second = 10'000;
    workos.with([&](simulator::World& world) {
      for (const auto& [position, organization] : world.store.table(simulator::Kind::organizations).order()) {
        organizations.push_back(organization->id);
      }
    });
  }

  std::vector<std::string> organizations;
  SystemClock clock;
  reconcile::PlanRules rules{.invites = false, .removes = false, .limits = {.max_count = 10'000, .max_percent = 100}};

  std::string only_organization;  ///< of the next plans

  std::string add_user(const std::string& email) {
    return workos.with([&](simulator::World& world) {
      return world.store.create(simulator::Kind::users, {{"email", email}}).id;
    });
  }
  std::string add_membership(const std::string& user, const std::string& organization,
                             const std::string& role = "member") {
    return workos.with([&](simulator::World& world) {
      return world.store
          .create(simulator::Kind::organization_memberships, {{"user_id", user},
                                                              {"organization_id", organization},
                                                              {"role", {{"slug", role}}},
                                                              {"roles", {{{"slug", role}}}}})
          .id;
    });
  }
  /// "email,organization,role" for some new people in every organization.
  [[nodiscard]] std::string list_of(int people) const {
    std::string csv = "email,organization,role\n";
    for (int i = 0; i < people; ++i) {
      csv += fmt::format("p{}@x.test,{},member\n", i, organizations[static_cast<std::size_t>(i) % 3]);
    }
    return csv;
  }

  /// The mirror is brought up to date first.
  reconcile::Planned plan(const std::string& csv) {
    sync();
    return plan_from_mirror(csv);
  }
  reconcile::Planned plan_from_mirror(const std::string& csv) {
    reconcile::ProblemList problems;
    const auto source = reconcile::read_source(csv, problems);
    auto connection = database.connect();
    reconcile::PlanRequest request;
    request.environment = "default";
    request.only_organization = only_organization;
    request.rules = rules;
    return reconcile::make_plan(connection, source, "the list", problems, request);
  }
  static reconcile::SealedPlan sealed(const reconcile::Planned& planned) {
    return {planned.plan, reconcile::digest_of(planned.plan)};
  }
  [[nodiscard]] std::shared_ptr<api::ApiClient> new_client() { return api::make_api_client(api_options, clock); }
  reconcile::ApplyReport apply(const reconcile::SealedPlan& plan,
                               const reconcile::ApplyOptions& how = {"default", "test"}) {
    return reconcile::apply_plan(plan, database.options(), new_client(), clock, how, {});
  }

  std::size_t answered(const std::string& method, const std::string& path, int status) {
    return workos.with([&](simulator::World& world) { return world.log.count(method, path, status); });
  }
  std::size_t size(simulator::Kind kind) {
    return workos.with([&](simulator::World& world) { return world.store.size(kind); });
  }
};

}  // namespace mirror::test
