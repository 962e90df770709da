#include "tests/simulator/objects.hpp"

#include <nlohmann/json.hpp>

namespace mirror::simulator {
namespace {

constexpr std::int64_t invitation_days = 7;

Json defaults(Kind kind, Instant now) {
  switch (kind) {
    case Kind::organizations:
      return {{"object", "organization"},   {"id", ""},
              {"name", "Organization"},     {"external_id", nullptr},
              {"metadata", Json::object()}, {"domains", Json::array()}};
    case Kind::users:
      return {{"object", "user"},
              {"id", ""},
              {"email", ""},
              {"email_verified", false},
              {"first_name", nullptr},
              {"last_name", nullptr},
              {"name", nullptr},
              {"profile_picture_url", nullptr},
              {"external_id", nullptr},
              {"metadata", Json::object()},
              {"last_sign_in_at", nullptr},
              {"locale", nullptr}};
    case Kind::organization_memberships:
      return {{"object", "organization_membership"},
              {"id", ""},
              {"user_id", ""},
              {"organization_id", ""},
              {"status", "active"},
              {"directory_managed", false},
              {"custom_attributes", Json::object()},
              {"role", {{"slug", "member"}}}};
    case Kind::invitations:
      return {{"object", "invitation"},
              {"id", ""},
              {"email", ""},
              {"state", "pending"},
              {"accepted_at", nullptr},
              {"revoked_at", nullptr},
              {"expires_at", timestamp({now.microseconds + invitation_days * 86'400 * microseconds_per_second})},
              {"organization_id", nullptr},
              {"inviter_user_id", nullptr},
              {"accepted_user_id", nullptr},
              {"role_slug", nullptr}};
  }
  return {};
}

void complete_domains(Json& organization, Instant now, IdMaker& ids) {
  for (auto& domain : organization["domains"]) {
    const Json fields = domain.is_string() ? Json{{"domain", domain}} : domain;
    domain = new_domain(organization["id"], fields, now, ids);
  }
}

}  // namespace

Json new_object(Kind kind, const Json& fields, Instant now, IdMaker& ids) {
  const std::string created_at = fields.value("created_at", timestamp(now));
  const Instant created = parse_instant(created_at).value_or(now);
  Json object = defaults(kind, created);
  object["id"] = ids.make(id_prefix(kind), created);
  object.update(fields);
  object.erase("created_at");
  object["created_at"] = created_at;
  object["updated_at"] = fields.value("updated_at", created_at);
  if (kind == Kind::organizations) complete_domains(object, created, ids);
  if (kind == Kind::organization_memberships && !object.contains("roles")) object["roles"] = {object["role"]};
  return object;
}

Json new_domain(const std::string& organization_id, const Json& domain, Instant now, IdMaker& ids) {
  Json whole{{"object", "organization_domain"},
             {"id", ids.make("org_domain_", now)},
             {"organization_id", organization_id},
             {"domain", ""},
             {"state", "verified"},
             {"verification_strategy", "dns"}};
  whole.update(domain);
  whole["organization_id"] = organization_id;
  const std::string id = whole["id"];
  if (!whole.contains("verification_prefix")) whole["verification_prefix"] = "authkit-" + id.substr(id.size() - 6);
  if (!whole.contains("verification_token")) whole["verification_token"] = invitation_token(id);
  if (!whole.contains("created_at")) whole["created_at"] = timestamp(now);
  if (!whole.contains("updated_at")) whole["updated_at"] = whole["created_at"];
  return whole;
}

Json event_form(Kind kind, const Json& object) {
  Json data = object;
  if (kind == Kind::organizations) data.erase("allow_profiles_outside_organization");
  return data;
}

std::unique_ptr<Facts> facts_of(Kind kind, const Json& object) {
  if (kind == Kind::users) return nullptr;
  auto facts = std::make_unique<Facts>();
  facts->organization_id = text_of(object, "organization_id");
  facts->user_id = text_of(object, "user_id");
  facts->status = text_of(object, kind == Kind::invitations ? "state" : "status");
  if (kind == Kind::organizations) facts->name = object.value("name", Json{}).dump();
  return facts;
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const char* key : {"email", "external_id"}) {
    if (const std::string value = text_of(object, key); !value.empty()) keys.push_back(key + (":" + value));
  }
  if (object.contains("domains") && object["domains"].is_array()) {
    for (const auto& domain : object["domains"]) {
      keys.push_back("domain:" + text_of(domain, "domain"));
      keys.push_back("domain_id:" + text_of(domain, "id"));
    }
  }
  return keys;
}

std::string text_of(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string invitation_token(const std::string& id) {
  std::uint64_t seed = 0xcbf29ce484222325ULL;  // FNV-1a: the same on every machine, unlike std::hash
  for (const char c : id) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  Random random(seed);
  std::string token;
  for (int i = 0; i < 25; ++i)
    token += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[random.below(62)];
  return token;
}

std::string accept_invitation_url(const std::string& id) {
  return "https://signin.authkit.example/invite?invitation_token=" + invitation_token(id);
}

}  // namespace mirror::simulator
