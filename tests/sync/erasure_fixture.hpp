#pragma once

#include <string>
#include <vector>

#include "db/erasure.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "sync/person_erasure.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {

/// A directory with somebody in it of whom every table knows.
struct ErasureFixture : harness::TailFixture {
  using Json = simulator::Json;
  using Kind = simulator::Kind;
  using Store = simulator::Store;
  using SteppedMirror = harness::SteppedMirror;
  using Rows = std::vector<std::vector<std::string>>;

  ErasureFixture() {
    options.events.also = {"session.created", "authentication.password_failed"};
    host = any(Kind::users);
    const auto organizations = some(Kind::organizations, 2);
    change([&](Store& store) {
      person =
          store
              .create(Kind::users,
                      {{"email", "Erika@mustermann.example"}, {"first_name", "Erikaxa"}, {"last_name", "Mustermannix"}})
              .id;
      words = {person, "mustermann.example", "erikaxa", "mustermannix"};
      for (const auto& organization : organizations) {
        memberships.push_back(
            store.create(Kind::organization_memberships, {{"user_id", person}, {"organization_id", organization}}).id);
      }
      accepted = store
                     .create(Kind::invitations, {{"email", "erika@mustermann.example"},
                                                 {"organization_id", organizations[0]},
                                                 {"inviter_user_id", host},
                                                 {"accepted_user_id", person},
                                                 {"state", "accepted"}})
                     .id;
      pending = store
                    .create(Kind::invitations, {{"email", "erika@mustermann.example"},
                                                {"organization_id", organizations[1]},
                                                {"inviter_user_id", host}})
                    .id;
      sent = store
                 .create(Kind::invitations, {{"email", "friend@elsewhere.example"},
                                             {"organization_id", organizations[1]},
                                             {"inviter_user_id", person}})
                 .id;
      store.emit("session.created", Json{{"object", "session"}, {"id", "session_1"}, {"user_id", person}});
      store.emit("authentication.password_failed",
                 Json{{"type", "password"}, {"user_id", nullptr}, {"email", "erika@mustermann.example"}});
      store.emit("authentication.password_failed",
                 Json{{"type", "password"}, {"user_id", host}, {"email", "host@elsewhere.example"}});
    });
  }

  /// Further versions of everything, so that the feed knows more than the rows.
  void change_person() {
    change([&](Store& store) {
      store.update(Kind::users, person, {{"email", "second@mustermann.example"}, {"first_name", "Erikaxa Maria"}});
      store.update(Kind::organization_memberships, memberships[0], {{"status", "inactive"}});
      store.update(Kind::invitations, sent, {{"role_slug", "admin"}});
    });
  }
  void delete_person() {
    change([&](Store& store) { store.erase(Kind::users, person); });
  }
  /// The places that only trouble fills.
  void make_trouble() {
    const auto snapshot = value("SELECT max(id) FROM workos.snapshots");
    database.execute("UPDATE workos.snapshots SET first_id = '" + person + "', last_id = '" + person + "', reason = '" +
                     person + " is odd' WHERE id = " + snapshot);
    database.execute("INSERT INTO workos.drift VALUES (" + snapshot + ", 'users', 'unknown', 1, '" + person + "')");
    database.execute("INSERT INTO workos.candidates VALUES (" + snapshot + ", 'users', '" + person + "', '')");
    database.execute("INSERT INTO workos.doubts (_env, table_name, id) VALUES ('default', 'users', '" + person + "')");
    database.execute(
        "WITH hold AS (INSERT INTO workos.holds (_env, stream, cause, deletions, live_rows, reason, state) VALUES "
        "('default', 'users', 'sweep', 1, 9, 'for " +
        person + "', 'discarded') RETURNING id) INSERT INTO workos.hold_items (hold_id, table_name, id) SELECT id, " +
        "'users', '" + person + "' FROM hold");
    database.execute(
        "INSERT INTO workos.quarantine (_env, table_name, id, error, raw) VALUES ('default', 'users', 'md5:1', 'odd', "
        "'{\"email\":\"erika@mustermann.example\"}'), ('default', 'users', '" +
        person + "', 'odd', '{}'), ('default', 'organizations', 'org_x', 'names " + person + "', '{}')");
    database.execute("UPDATE workos.streams SET error = 'GET " + person + " failed', next_step = 'ask " + person + "'");
    database.execute("UPDATE workos.event_tails SET problem = '" + person + "'");
    database.execute(
        "INSERT INTO workos.commands (_env, kind, arguments, requested_by, finished_at, outcome, result) VALUES "
        "('default', 'sync', '{}', 'test', now(), 'failed', '{\"error\": \"" +
        person + " is odd\"}')");
  }

  /// Where any of the words stands, in any table.
  std::vector<std::string> traces() {
    std::vector<std::string> found;
    for (const auto& table : database.rows("SELECT c.oid::regclass FROM pg_class AS c WHERE relkind = 'r' AND "
                                           "relnamespace = 'workos'::regnamespace ORDER BY 1")) {
      for (const auto& word : words) {
        const auto rows = count("SELECT count(*) FROM " + table[0] +
                                " AS line WHERE strpos(lower(line::text), lower('" + word + "')) > 0");
        if (rows > 0) found.push_back(table[0] + ": " + word + " in " + std::to_string(rows));
      }
    }
    return found;
  }
  /// Everything about others.
  Rows others() {
    Rows all;
    const std::string mine = "('" + person + "','" + memberships[0] + "','" + memberships[1] + "','" + accepted +
                             "','" + pending + "','" + sent + "')";
    for (const auto* table : all_tables()) {
      for (auto& row : database.rows("SELECT line FROM workos." + std::string(table->name) +
                                     " AS line WHERE id NOT IN " + mine + " ORDER BY _env, id")) {
        all.push_back(std::move(row));
      }
    }
    for (const auto* sql :
         {"SELECT e FROM workos.events AS e WHERE strpos(e::text, '@') > 0 AND strpos(lower(e::text), "
          "'mustermann') = 0 AND strpos(e::text, $) = 0 AND COALESCE(object_id, '') NOT IN # ORDER BY id",
          "SELECT c FROM workos.changes AS c WHERE op NOT IN ('erase', 'erased') AND id NOT IN # ORDER BY seq"}) {
      std::string filled = sql;
      if (const auto at = filled.find('$'); at != std::string::npos) filled.replace(at, 1, "'" + person + "'");
      if (const auto at = filled.find('#'); at != std::string::npos) filled.replace(at, 1, mine);
      for (auto& row : database.rows(filled)) all.push_back(std::move(row));
    }
    return all;
  }

  db::PersonTraces find(const std::string& user) {
    auto connection = database.connect("search");
    db::Transaction transaction(connection);
    return db::find_traces(transaction, options.environment, user);
  }
  db::Erasure erase(SteppedMirror& daemon) { return sync::erase_person(daemon.session(), find(person), "test", {}); }

  std::string host;
  std::string person;
  std::vector<std::string> memberships;
  std::string accepted;
  std::string pending;
  std::string sent;
  std::vector<std::string> words;
};

}  // namespace mirror::tests
