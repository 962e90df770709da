// Users and their addresses, and invitations.
#include "api/operation_tables.hpp"

namespace mirror::api {
namespace {

using Kind = ParameterRule::Kind;

constexpr Parameter user = path_id("the user");
constexpr Parameter email = in_body("email", "email address");
constexpr Parameter code = secret(required(in_body("code", "the code that was sent to the address")));
constexpr Parameter locale = in_body("locale", "language of emails, such as en or pt-BR");
constexpr std::string_view hash_types = "bcrypt,firebase-scrypt,ssha,ssha256,scrypt,pbkdf2,argon2";

/// What a user is created and updated with, behind `own`.
std::vector<Parameter> user_fields(std::vector<Parameter> own) {
  for (const Parameter& field :
       {nullable(in_body("first_name", "given name")), nullable(in_body("last_name", "family name")),
        nullable(in_body("name", "whole name")),
        in_body("email_verified", "the address is known to be the user's", ValueType::boolean),
        nullable(in_body("external_id", "id in your own system, unique in the environment")),
        nullable(in_body("metadata", "keys with text values; a null removes a key", ValueType::object)),
        secret(in_body("password", "the password")), secret(in_body("password_hash", "a hash from another system")),
        one_of(in_body("password_hash_type", "of password_hash"), hash_types),
        one_of(in_body("password_salt_position", "of password_hash"), "prefix,suffix")}) {
    own.push_back(field);
  }
  return own;
}

std::vector<ParameterRule> password_rules() {
  return {{Kind::at_most_one, {"password", "password_hash"}},
          {Kind::second_needs_first, {"password_hash", "password_hash_type"}},
          {Kind::second_needs_first, {"password_hash_type", "password_hash"}},
          {Kind::second_needs_first, {"password_hash", "password_salt_position"}}};
}

}  // namespace

std::vector<Operation> user_operations() {
  return {
      by_key(
          "users.list", "GET /user_management/users", "List users",
          with_pages({in_query("email", "of this address"), in_query("organization_id", "active members of this one"),
                      in_query("organization", "the same, an older name")}),
          "organization_id=org_01J --all"),
      by_key("users.get", "GET /user_management/users/{id}", "Show a user", {user}, "id=user_01J"),
      by_key("users.get_by_external_id", "GET /user_management/users/external_id/{external_id}",
             "Show a user by your own id",
             {required({.name = "external_id", .place = Place::path, .meaning = "id in your own system"})},
             "external_id=42"),
      by_key("users.create", "POST /user_management/users", "Create a user",
             user_fields({required(email), in_body("ip_address", "of the person"),
                          in_body("user_agent", "of the person's browser"), in_body("signals_id", "Radar's signals")}),
             "email=ada@example.com first_name=Ada password=@password.txt", password_rules()),
      by_key("users.update", "PUT /user_management/users/{id}", "Change a user; what is not given stays",
             user_fields({user, email, nullable(locale)}), "id=user_01J first_name=Ada 'metadata={\"plan\":\"pro\"}'",
             password_rules()),
      by_key("users.delete", "DELETE /user_management/users/{id}", "Delete a user", {user}, "id=user_01J"),
      by_key("users.identities", "GET /user_management/users/{id}/identities",
             "List the accounts of OAuth providers that a user signs in with", {user}, "id=user_01J"),
  };
}

std::vector<Operation> address_operations() {
  return {
      by_key("email_change.send", "POST /user_management/users/{id}/email_change/send",
             "Send a code to the address that a user wants to change to",
             {user, required(in_body("new_email", "the new address"))}, "id=user_01J new_email=ada@example.org"),
      by_key("email_change.confirm", "POST /user_management/users/{id}/email_change/confirm", "Change a user's address",
             {user, code}, "id=user_01J code=-"),
      by_key("email_verification.send", "POST /user_management/users/{id}/email_verification/send",
             "Send a code to a user's address", {user}, "id=user_01J"),
      by_key("email_verification.confirm", "POST /user_management/users/{id}/email_verification/confirm",
             "Prove that the address is the user's", {user, code}, "id=user_01J code=-"),
      by_key("email_verification.get", "GET /user_management/email_verification/{id}",
             "Show the code of a verification", {path_id("the verification")}, "id=email_verification_01J"),
  };
}

std::vector<Operation> invitation_operations() {
  const auto invitation = path_id("the invitation");
  return {
      by_key("invitations.list", "GET /user_management/invitations", "List invitations of every state",
             with_pages({in_query("email", "to this address"), in_query("organization_id", "into this organization")}),
             "organization_id=org_01J --all"),
      by_key("invitations.get", "GET /user_management/invitations/{id}", "Show an invitation", {invitation},
             "id=invitation_01J"),
      by_key("invitations.get_by_token", "GET /user_management/invitations/by_token/{token}",
             "Show the invitation of a token",
             {secret(required({.name = "token", .place = Place::path, .meaning = "of the invitation"}))}, "token=-"),
      by_key("invitations.create", "POST /user_management/invitations", "Invite somebody",
             {required(in_body("email", "who is invited")), in_body("organization_id", "into this organization"),
              in_body("role_slug", "role of the membership"),
              between(in_body("expires_in_days", "days until it expires (7)", ValueType::integer), 1, 30),
              in_body("inviter_user_id", "who invites"), locale},
             "email=ada@example.com organization_id=org_01J role_slug=member"),
      by_key("invitations.revoke", "POST /user_management/invitations/{id}/revoke", "Take an invitation back",
             {invitation}, "id=invitation_01J"),
      by_key("invitations.resend", "POST /user_management/invitations/{id}/resend", "Send an invitation again",
             {invitation, locale}, "id=invitation_01J"),
      by_key("invitations.accept", "POST /user_management/invitations/{id}/accept",
             "Accept an invitation for the person who got it", {invitation}, "id=invitation_01J"),
  };
}

}  // namespace mirror::api
