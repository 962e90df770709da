#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/simulator/ids.hpp"
#include "tests/simulator/record.hpp"

namespace mirror::simulator {

using Json = nlohmann::ordered_json;

/// A whole object of `kind` with WorkOS' defaults, overlaid with `fields` (which may name id, created_at, updated_at).
/// Domains of an organization may be given as plain names.
Json new_object(Kind kind, const Json& fields, Instant now, IdMaker& ids);

/// A whole organization_domain.
Json new_domain(const std::string& organization_id, const Json& domain, Instant now, IdMaker& ids);

/// The object as an event carries it.
Json event_form(Kind kind, const Json& object);

/// What the simulator has to know about the object; null if nothing.
std::unique_ptr<Facts> facts_of(Kind kind, const Json& object);

/// The keys by which it can be looked up: "email:…", "external_id:…", "domain:…", "domain_id:…".
std::vector<std::string> keys_of(const Json& object);

/// The text member `key`, or "" if it is missing or no text.
std::string text_of(const Json& object, const char* key);

/// An invitation's bearer secrets follow from its id, so that they need no memory.
std::string invitation_token(const std::string& id);
std::string accept_invitation_url(const std::string& id);

}  // namespace mirror::simulator
