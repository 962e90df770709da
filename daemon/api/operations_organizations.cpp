// Organizations, their domains, and memberships.
#include "api/operation_tables.hpp"

namespace mirror::api {
namespace {

using Kind = ParameterRule::Kind;

constexpr Parameter organization = path_id("the organization");
constexpr Parameter membership = path_id("the membership");
constexpr Parameter domain = path_id("the domain's id");
constexpr Parameter role = in_body("role_slug", "its role");
constexpr Parameter roles = in_body("role_slugs", "its roles, where several are enabled", ValueType::texts);

/// What an organization is created and updated with, behind `own`.
std::vector<Parameter> organization_fields(std::vector<Parameter> own) {
  for (const Parameter& field :
       {in_body("domain_data", R"(its domains: [{"domain":"acme.example","state":"verified"}])", ValueType::objects),
        in_body("domains", "its domains, an older way that calls them verified", ValueType::texts),
        nullable(in_body("external_id", "id in your own system, unique in the environment")),
        nullable(in_body("metadata", "keys with text values; a null removes a key", ValueType::object)),
        in_body("allow_profiles_outside_organization", "deprecated", ValueType::boolean)}) {
    own.push_back(field);
  }
  return own;
}

}  // namespace

std::vector<Operation> membership_operations() {
  return {
      by_key("memberships.list", "GET /user_management/organization_memberships",
             "List the memberships of an organization or a user",
             with_pages({in_query("organization_id", "of this organization"), in_query("user_id", "of this user"),
                         one_of(in_query("statuses", "active only, unless given", ValueType::texts),
                                "active,inactive,pending")}),
             "organization_id=org_01J statuses=active,pending --all",
             {{Kind::at_least_one, {"organization_id", "user_id"}}}),
      by_key("memberships.get", "GET /user_management/organization_memberships/{id}", "Show a membership", {membership},
             "id=om_01J"),
      by_key("memberships.create", "POST /user_management/organization_memberships",
             "Make a user a member; an inactive membership becomes active again",
             {required(in_body("user_id", "the user")), required(in_body("organization_id", "the organization")), role,
              roles},
             "user_id=user_01J organization_id=org_01J role_slug=member",
             {{Kind::at_most_one, {"role_slug", "role_slugs"}}}),
      by_key("memberships.update", "PUT /user_management/organization_memberships/{id}", "Change a membership's role",
             {membership, role, roles}, "id=om_01J role_slug=admin",
             {{Kind::at_most_one, {"role_slug", "role_slugs"}}}),
      by_key("memberships.delete", "DELETE /user_management/organization_memberships/{id}", "End a membership for good",
             {membership}, "id=om_01J"),
      by_key("memberships.deactivate", "PUT /user_management/organization_memberships/{id}/deactivate",
             "Let a membership rest", {membership}, "id=om_01J"),
      by_key("memberships.reactivate", "PUT /user_management/organization_memberships/{id}/reactivate",
             "Wake a membership that rests", {membership}, "id=om_01J"),
  };
}

std::vector<Operation> domain_operations() {
  return {
      by_key("domains.get", "GET /organization_domains/{id}", "Show a domain", {domain}, "id=org_domain_01J"),
      by_key("domains.create", "POST /organization_domains", "Add a domain to an organization",
             {required(in_body("domain", "such as acme.example")),
              required(in_body("organization_id", "the organization"))},
             "domain=acme.example organization_id=org_01J"),
      by_key("domains.verify", "POST /organization_domains/{id}/verify", "Begin to verify a domain", {domain},
             "id=org_domain_01J"),
      by_key("domains.delete", "DELETE /organization_domains/{id}", "Take a domain from its organization", {domain},
             "id=org_domain_01J"),
  };
}

std::vector<Operation> organization_operations() {
  return {
      by_key("organizations.list", "GET /organizations", "List organizations",
             with_pages({in_query("domains", "with one of these domains", ValueType::texts),
                         in_query("search", "whose name has this in it")}),
             "search=acme"),
      by_key("organizations.get", "GET /organizations/{id}", "Show an organization", {organization}, "id=org_01J"),
      by_key("organizations.get_by_external_id", "GET /organizations/external_id/{external_id}",
             "Show an organization by your own id",
             {required({.name = "external_id", .place = Place::path, .meaning = "id in your own system"})},
             "external_id=42"),
      by_key("organizations.create", "POST /organizations", "Create an organization",
             organization_fields({required(in_body("name", "its name"))}),
             R"(name=Acme 'domain_data=[{"domain":"acme.example","state":"verified"}]')"),
      by_key("organizations.update", "PUT /organizations/{id}", "Change an organization; what is not given stays",
             organization_fields(
                 {organization, in_body("name", "its name"), in_body("stripe_customer_id", "the customer at Stripe")}),
             "id=org_01J name=Acme"),
      by_key("organizations.delete", "DELETE /organizations/{id}", "Delete an organization", {organization},
             "id=org_01J"),
  };
}

}  // namespace mirror::api
