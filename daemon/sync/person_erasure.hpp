#pragma once

#include <stop_token>
#include <string>

#include "db/erasure.hpp"
#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// Throws Error (usage) for what can't be the id of a user: an address, an object of another kind.
void require_users_id(db::Transaction& transaction, const std::string& environment, const std::string& id);

/// Throws Error (usage) if the user still exists at WorkOS, and what DirectoryApi throws if it does not say.
void require_gone(const api::DirectoryApi& api, const std::string& user, const std::stop_token& stop);

/// Removes the person in one transaction of the writer, which from then on lets nothing of them in.
db::Erasure erase_person(const MirrorSession& session, const db::PersonTraces& found, const std::string& erased_by,
                         const std::stop_token& stop);

}  // namespace mirror::sync
