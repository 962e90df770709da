#include "tests/simulator/changes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/simulator/store.hpp"
#include "tests/simulator/vocabulary.hpp"

namespace mirror::simulator {
namespace {

bool is_pair_taken(const Store& store, const std::string& user, const std::string& organization) {
  for (const auto& [position, membership] : store.memberships_of_user(user)) {
    if (membership->facts->organization_id == organization) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> Changes::create(Kind kind, std::size_t count, bool event) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string id = create_one(kind, event); !id.empty()) ids.push_back(std::move(id));
  }
  return ids;
}

std::vector<std::string> Changes::update(Kind kind, std::size_t count, bool event) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count && store_.size(kind) > 0; ++i) {
    ids.push_back(any(kind));
    update_one(kind, ids.back(), event);
  }
  return ids;
}

std::vector<std::string> Changes::erase(Kind kind, std::size_t count, bool event) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count && store_.size(kind) > 0; ++i) {
    ids.push_back(any(kind));
    store_.erase(kind, ids.back(), {.event = event});
  }
  return ids;
}

std::vector<std::string> Changes::sign_in(std::size_t count) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count && store_.size(Kind::users) > 0; ++i) {
    ids.push_back(any(Kind::users));
    store_.update(Kind::users, ids.back(), {{"last_sign_in_at", timestamp(store_.now())}},
                  {.event = false, .touch = false});
  }
  return ids;
}

void Changes::one_of_a_day() {
  const double what = random_.fraction();
  if (what < 0.40) {
    sign_in(1);
  } else if (what < 0.60) {
    update(Kind::users, 1);
  } else if (what < 0.72) {
    update(Kind::organization_memberships, 1);
  } else if (what < 0.79) {
    create(Kind::users, 1);
  } else if (what < 0.86) {
    create(Kind::organization_memberships, 1);
  } else if (what < 0.90) {
    create(Kind::invitations, 1);
  } else if (what < 0.93) {
    update(Kind::invitations, 1);
  } else if (what < 0.95) {
    update(Kind::organizations, 1);
  } else if (what < 0.96) {
    create(Kind::organizations, random_.chance(0.3) ? 1 : 0);
  } else if (what < 0.99) {
    erase(random_.chance(0.5) ? Kind::users : Kind::organization_memberships, 1);
  } else if (store_.size(Kind::organizations) > 20) {
    erase(Kind::organizations, random_.chance(0.2) ? 1 : 0);
  }
}

std::string Changes::create_one(Kind kind, bool event) {
  const WriteOptions options{.event = event};
  const std::string number = fmt::format("{:x}{:03x}", ++made_, random_.below(4096));
  const Word& first = random_.pick(first_names);
  const Word& last = random_.pick(last_names);
  const std::string user = any(Kind::users);
  const std::string organization = any(Kind::organizations);
  switch (kind) {
    case Kind::organizations: {
      const Word& word = random_.pick(company_names);
      const std::string host = fmt::format("{}-{}.example", word.ascii, number);
      return store_
          .create(kind,
                  {{"name", fmt::format("{} {}", word.text, random_.pick(company_kinds).text)},
                   {"domains", {host}},
                   {"metadata", {{"plan", random_.pick(plans)}}}},
                  options)
          .id;
    }
    case Kind::users:
      return store_
          .create(kind,
                  {{"email", fmt::format("{}.{}.{}@people.example", first.ascii, last.ascii, number)},
                   {"email_verified", true},
                   {"first_name", first.text},
                   {"last_name", last.text},
                   {"name", fmt::format("{} {}", first.text, last.text)},
                   {"metadata", {{"department", random_.pick(departments)}}},
                   {"locale", random_.pick(locales)}},
                  options)
          .id;
    case Kind::organization_memberships:
      if (user.empty() || organization.empty() || is_pair_taken(store_, user, organization)) return {};
      return store_
          .create(kind,
                  {{"user_id", user}, {"organization_id", organization}, {"role", {{"slug", random_.pick(roles)}}}},
                  options)
          .id;
    case Kind::invitations:
      return store_
          .create(kind,
                  {{"email", fmt::format("{}.{}@guests.example", first.ascii, number)},
                   {"organization_id",
                    organization.empty() ? nlohmann::ordered_json{} : nlohmann::ordered_json(organization)},
                   {"role_slug", random_.pick(roles)}},
                  options)
          .id;
  }
  return {};
}

void Changes::update_one(Kind kind, const std::string& id, bool event) {
  WriteOptions options{.event = event};
  switch (kind) {
    case Kind::organizations:
      store_.update(kind, id,
                    {{"metadata", {{"plan", random_.pick(plans)}, {"seats", std::to_string(random_.below(500))}}}},
                    options);
      return;
    case Kind::users:
      store_.update(
          kind, id,
          {{"metadata", {{"department", random_.pick(departments)}, {"desk", std::to_string(random_.below(900))}}},
           {"locale", random_.pick(locales)}},
          options);
      return;
    case Kind::organization_memberships: {
      const nlohmann::ordered_json role{{"slug", random_.pick(roles)}};
      const std::string& status = store_.get(kind, id).facts->status;
      const std::string next = status != "active" ? "active" : random_.chance(0.3) ? "inactive" : "active";
      store_.update(kind, id, {{"status", next}, {"role", role}, {"roles", {role}}}, options);
      return;
    }
    case Kind::invitations: {
      if (store_.get(kind, id).facts->status != "pending") return;
      const bool accepted = random_.chance(0.7);
      const std::string user = any(Kind::users);
      options.event_name = accepted ? "invitation.accepted" : "invitation.revoked";
      nlohmann::ordered_json fields{{"state", accepted ? "accepted" : "revoked"}};
      fields[accepted ? "accepted_at" : "revoked_at"] = timestamp(store_.now());
      if (accepted && !user.empty()) fields["accepted_user_id"] = user;
      store_.update(kind, id, fields, options);
      return;
    }
  }
}

std::string Changes::any(Kind kind) {
  const Order& order = store_.table(kind).order();
  if (order.empty()) return {};
  // A random moment finds an object without counting through the list.
  const std::int64_t first = order.begin()->first.created_microseconds;
  const std::int64_t last = order.rbegin()->first.created_microseconds;
  auto found = order.lower_bound({random_.between(first, last + 1), 0});
  for (std::uint64_t steps = random_.below(8); steps > 0 && found != order.end(); --steps) ++found;
  return found == order.end() ? order.rbegin()->second->id : found->second->id;
}

}  // namespace mirror::simulator
