// Organizations, their domains, and users.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/objects.hpp"
#include "tests/simulator/write.hpp"

namespace mirror::simulator {

Json Write::wanted_domains(const Json& before) {
  Json domains = Json::array();
  Json wanted = body_.value("domain_data", Json::array());
  for (const auto& name : body_.value("domains", Json::array()))
    wanted.push_back({{"domain", name}, {"state", "verified"}});
  for (auto& domain : wanted) {
    for (const auto& old : before.value("domains", Json::array())) {
      if (old["domain"] != domain["domain"]) continue;
      Json kept = old;
      kept.update(domain);
      domain = kept;
    }
    domains.push_back(new_domain(before.value("id", ""), domain, store_.now(), store_.ids()));
  }
  return domains;
}

Answer Write::create_organization() {
  required("name");
  require_free(Kind::organizations, "external_id");
  Json fields = chosen({"name", "metadata", "external_id", "allow_profiles_outside_organization"});
  if (!fields.value("metadata", Json{}).is_object()) fields.erase("metadata");
  fields["id"] = store_.ids().make("org_", store_.now());
  fields["domains"] = wanted_domains(fields);
  return show(201, Kind::organizations, store_.create(Kind::organizations, fields));
}

Answer Write::update_organization(const std::string& id) {
  require_free(Kind::organizations, "external_id", id);
  const Json before = store_.object(Kind::organizations, id);
  Json fields =
      chosen({"name", "metadata", "external_id", "stripe_customer_id", "allow_profiles_outside_organization"});
  merge_metadata(fields, before);
  if (body_.contains("domains") || body_.contains("domain_data")) fields["domains"] = wanted_domains(before);
  return show(200, Kind::organizations, store_.update(Kind::organizations, id, fields));
}

void Write::complete_name(Json& fields, const Json& before) const {
  if (fields.contains("name") || (!fields.contains("first_name") && !fields.contains("last_name"))) return;
  Json both = before;
  both.update(fields);
  const std::string first = text_of(both, "first_name");
  const std::string last = text_of(both, "last_name");
  const std::string name = first.empty() || last.empty() ? first + last : first + " " + last;
  fields["name"] = name.empty() ? Json{} : Json(name);
}

Answer Write::create_user() {
  required("email");
  require_free(Kind::users, "email");
  require_free(Kind::users, "external_id");
  Json fields = chosen({"email", "first_name", "last_name", "name", "email_verified", "metadata", "external_id"});
  if (!fields.value("metadata", Json{}).is_object()) fields.erase("metadata");
  complete_name(fields, Json::object());
  return show(201, Kind::users, store_.create(Kind::users, fields));
}

Answer Write::update_user(const std::string& id) {
  require_free(Kind::users, "email", id);
  require_free(Kind::users, "external_id", id);
  const Json before = store_.object(Kind::users, id);
  Json fields =
      chosen({"email", "first_name", "last_name", "name", "email_verified", "metadata", "external_id", "locale"});
  merge_metadata(fields, before);
  complete_name(fields, before);
  return show(200, Kind::users, store_.update(Kind::users, id, fields));
}

Answer Write::on_domains(const std::vector<std::string>& rest) {
  const bool creates = rest.empty() && method_ == "POST";
  const std::string organization = creates ? required("organization_id") : std::string{};
  const Record* owner = creates ? store_.find(Kind::organizations, organization)
                                : store_.lookup(Kind::organizations, "domain_id", rest.empty() ? "" : rest[0]);
  if (owner == nullptr)
    throw not_found(creates ? "Organization" : "Organization domain", creates        ? organization
                                                                      : rest.empty() ? ""
                                                                                     : rest[0]);
  Json domains = store_.object(Kind::organizations, owner->id)["domains"];
  if (creates) {
    domains.push_back(
        new_domain(owner->id, {{"domain", required("domain")}, {"state", "pending"}}, store_.now(), store_.ids()));
    store_.update(Kind::organizations, owner->id, {{"domains", domains}});
    return json_answer(201, domains.back().dump());
  }
  const auto found = std::ranges::find_if(domains, [&](const Json& domain) { return domain["id"] == rest[0]; });
  if (rest.size() == 1 && method_ == "DELETE") {
    domains.erase(found);
    store_.update(Kind::organizations, owner->id, {{"domains", domains}});
    Answer gone;
    gone.status = 204;
    return gone;
  }
  if (rest.size() != 2 || rest[1] != "verify" || method_ != "POST") throw failure(404, "Not Found");
  (*found)["state"] = "verified";
  (*found)["updated_at"] = timestamp(store_.now());
  const Json verified = *found;
  store_.update(Kind::organizations, owner->id, {{"domains", domains}});
  store_.emit("organization_domain.verified", verified);
  return json_answer(201, verified.dump());
}

}  // namespace mirror::simulator
