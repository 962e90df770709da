#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/simulator/api.hpp"

namespace mirror::simulator {

/// One POST, PUT or DELETE on its way to the store. Throws ApiFailure for what WorkOS would refuse.
class Write {
 public:
  /// `body` must be a JSON object (ApiFailure 400) and outlive this.
  Write(World& world, std::string method, const Json& body);

  /// Below a list: "/user_management/users/…".
  Answer on_resource(const ResourcePath& resource);
  /// Below "/organization_domains".
  Answer on_domains(const std::vector<std::string>& rest);

 private:
  Answer create(Kind kind);
  Answer update(Kind kind, const std::string& id);
  Answer act(Kind kind, const std::string& id, const std::string& action);
  Answer show(int status, Kind kind, const Record& record);
  [[nodiscard]] Json chosen(std::initializer_list<const char*> keys) const;
  /// The text member `key`; ApiFailure (422) if it is missing or empty.
  std::string required(const char* key) const;
  void require_free(Kind kind, const char* key, const std::string& own_id = {}) const;
  /// A null deletes a key, an empty map or null for the whole clears it (workos.com/docs/authkit/metadata).
  void merge_metadata(Json& fields, const Json& before) const;
  Json wanted_domains(const Json& before);
  Answer create_organization();
  Answer update_organization(const std::string& id);
  void complete_name(Json& fields, const Json& before) const;
  Answer create_user();
  Answer update_user(const std::string& id);
  [[nodiscard]] Json chosen_roles() const;
  [[nodiscard]] const Record* membership_of(const std::string& user, const std::string& organization) const;
  Answer create_membership();
  Answer update_membership(const std::string& id);
  Answer set_status(const std::string& id, const std::string& status, int answer_status = 200);
  Answer create_invitation();
  Answer change_invitation(const std::string& id, const Json& fields, const std::string& event);
  [[nodiscard]] const std::string& state_of(const std::string& id) const;
  Answer revoke(const std::string& id);
  Answer resend(const std::string& id);
  /// The guest becomes a user if there is none of that address, and a member if an organization invited.
  Answer accept(const std::string& id);

  Store& store_;
  std::string method_;
  const Json& body_;
};

}  // namespace mirror::simulator
