#include "sync/person_erasure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "model/streams.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"

namespace mirror::sync {
namespace {

/// How WorkOS begins ids of other kinds.
constexpr std::array<std::string_view, 10> other_prefixes{"org_",  "om_",    "invitation_", "event_",   "evt_",
                                                          "conn_", "group_", "directory_",  "session_", "org_domain_"};

bool is_id(std::string_view text) {
  return text.size() >= 4 && text.size() <= 128 && std::ranges::all_of(text, [](char each) {
           return std::isalnum(static_cast<unsigned char>(each)) != 0 || each == '_' || each == '-';
         });
}

}  // namespace

void require_users_id(db::Transaction& transaction, const std::string& environment, const std::string& id) {
  if (id.find('@') != std::string::npos) {
    throw Error(Fault::usage, "a person is erased by the user's id, not by an email address",
                "look for it: SELECT id FROM workos.users WHERE lower(email) = lower('…')");
  }
  const char* advice = "the id of a user looks like user_01K3F7PRDWYZT26TBHE5KVFZGX";
  if (!is_id(id)) throw Error(Fault::usage, "that can't be the id of a user", advice);
  const auto table = db::other_table_of(transaction, environment, id);
  if (!table.empty()) throw Error(Fault::usage, fmt::format("{} is a row of {}, not a user", id, table), advice);
  if (std::ranges::any_of(other_prefixes, [&](std::string_view prefix) { return id.starts_with(prefix); })) {
    throw Error(Fault::usage, fmt::format("{} is not the id of a user", id), advice);
  }
}

void require_gone(const api::DirectoryApi& api, const std::string& user, const std::stop_token& stop) {
  bool exists = true;
  try {
    exists = api.get(*users().table, user, api::Lane::confirm, stop).found;
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_data) throw;  // it exists, though it can't be decoded
  }
  if (!exists) return;
  throw Error(Fault::usage, fmt::format("{} still exists at WorkOS", user),
              fmt::format("delete the user there first (authkit-mirror api users.delete id={}), or erase them from the "
                          "mirror only: --still-at-workos",
                          user));
}

db::Erasure erase_person(const MirrorSession& session, const db::PersonTraces& found, const std::string& erased_by,
                         const std::stop_token& stop) {
  db::Erasure erasure;
  session.writer.run(
      [&](WriteSession& write) {
        erasure = db::erase_person(write.transaction, session.options().environment, found, erased_by, write.erased,
                                   write.feed);
        fault_point("erasure.before_commit");
      },
      stop);
  log::info("a person was erased, known from now on as {:.12}", erasure.hash);
  return erasure;
}

}  // namespace mirror::sync
