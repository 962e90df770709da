#include "tests/simulator/seed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulator/json_writer.hpp"
#include "tests/simulator/objects.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/store.hpp"
#include "tests/simulator/vocabulary.hpp"

namespace mirror::simulator {
namespace {

constexpr std::int64_t day = 86'400 * microseconds_per_second;
constexpr std::int64_t history = 730 * day;

std::string quoted_text(std::string_view text) {
  return fmt::format("\"{}\"", text);
}

Instant in_whole_milliseconds(std::int64_t microseconds) {
  return {microseconds / 1000 * 1000};
}

/// Makes the first directory. One use.
class Seeding {
 public:
  Seeding(Store& store, const SeedOptions& options)
      : store_(store), options_(options), random_(options.seed), ids_(options.seed ^ 0x5eedULL) {}

  void run() {
    add_organizations();
    add_users();
    add_memberships();
    add_invitations();
  }

 private:
  struct Member {
    Instant created_at;
    std::size_t user;
    std::size_t organization;
  };

  /// Sorted instants: more of them lately, in bursts, and some exactly equal, as bulk imports make them.
  std::vector<Instant> creation_times(std::size_t count) {
    std::vector<Instant> times(count);
    const std::int64_t start = options_.until.microseconds - history;
    for (std::size_t i = 0; i < count; ++i) {
      const double growth = 1.0 - random_.fraction() * random_.fraction();
      times[i] = in_whole_milliseconds(start + static_cast<std::int64_t>(growth * static_cast<double>(history - day)));
      if (i > 0 && random_.chance(0.3))
        times[i].microseconds = times[i - 1].microseconds + random_.between(0, 90) * 1000;
      if (i > 0 && random_.chance(0.02)) times[i] = times[i - 1];
    }
    std::ranges::sort(times);
    return times;
  }

  Instant after(Instant start) {
    return in_whole_milliseconds(random_.between(start.microseconds, options_.until.microseconds));
  }

  void add_organizations() {
    for (const Instant created : creation_times(options_.organizations)) {
      const std::size_t number = organizations_.size();
      const Word& word = company_names[number % company_names.size()];
      const Word& kind = company_kinds[(number / company_names.size() + number) % company_kinds.size()];
      std::string id = ids_.make("org_", created);
      std::string host =
          fmt::format("{}-{}{}.example", word.ascii, kind.ascii, number < 640 ? "" : std::to_string(number));
      add_organization(id, fmt::format("{} {}", word.text, kind.text), host, number, created);
      hosts_.push_back(std::move(host));
      organizations_.push_back({std::move(id), created});
    }
  }

  void add_organization(const std::string& id, const std::string& name, const std::string& host, std::size_t number,
                        Instant created) {
    const std::string domain_id = ids_.make("org_domain_", created);
    JsonWriter domain;
    domain.text("object", "organization_domain").text("id", domain_id).text("organization_id", id);
    domain.text("domain", host).text("state", random_.chance(0.85) ? "verified" : "pending");
    domain.text("verification_strategy", "dns").text("verification_prefix", "authkit-" + domain_id.substr(31));
    domain.text("verification_token", invitation_token(domain_id));
    domain.time("created_at", created).time("updated_at", created);
    JsonWriter writer;
    writer.text("object", "organization").text("id", id).text("name", name);
    const std::string external_id = random_.chance(0.6) ? fmt::format("customer-{}", number + 1000) : "";
    external_id.empty() ? writer.null("external_id") : writer.text("external_id", external_id);
    writer.raw("metadata",
               fmt::format(R"({{"plan":"{}","region":"{}"}})", random_.pick(plans), number % 3 ? "eu" : "us"));
    writer.raw("domains", "[" + domain.finish() + "]");
    if (random_.chance(0.4)) writer.text("stripe_customer_id", fmt::format("cus_{:014x}", random_.below(1ULL << 56)));
    if (random_.chance(0.5)) writer.boolean("allow_profiles_outside_organization", false);
    writer.time("created_at", created).time("updated_at", after(created));
    auto facts = std::make_unique<Facts>();
    facts->name = quoted_text(name);
    std::vector<std::string> keys{"domain:" + host, "domain_id:" + domain_id};
    if (!external_id.empty()) keys.push_back("external_id:" + external_id);
    store_.load(Kind::organizations, id, created, writer.finish(), std::move(facts), keys);
  }

  void add_users() {
    users_.reserve(options_.users);
    store_.reserve(Kind::users, options_.users);
    for (const Instant created : creation_times(options_.users)) {
      std::string id = ids_.make("user_", created);
      add_user(id, users_.size(), created);
      users_.push_back({std::move(id), created});
    }
  }

  void add_user(const std::string& id, std::size_t number, Instant created) {
    const Word& first = random_.pick(first_names);
    const Word& last = random_.pick(last_names);
    const std::string host = hosts_.empty() ? std::string{"people.example"} : hosts_[home_of(number)];
    const std::string email = fmt::format("{}.{}{}@{}", first.ascii, last.ascii, number, host);
    const bool named = random_.chance(0.93);
    JsonWriter writer;
    writer.text("object", "user").text("id", id).text("email", email).boolean("email_verified", random_.chance(0.9));
    if (named) {
      writer.text("first_name", first.text).text("last_name", last.text);
      writer.text("name", fmt::format("{} {}", first.text, last.text));
    } else {
      writer.null("first_name").null("last_name").null("name");
    }
    random_.chance(0.6)
        ? writer.text("profile_picture_url", fmt::format("https://images.example/avatars/{}/256.png", id))
        : writer.null("profile_picture_url");
    std::vector<std::string> keys{"email:" + email};
    if (random_.chance(0.5)) {
      keys.push_back(fmt::format("external_id:{}", 100'000 + number));
      writer.text("external_id", keys.back().substr(12));
    } else {
      writer.null("external_id");
    }
    writer.raw("metadata", metadata(number));
    const Instant updated = after(created);
    random_.chance(0.8) ? writer.time("last_sign_in_at", after(created)) : writer.null("last_sign_in_at");
    writer.text("locale", random_.pick(locales)).time("created_at", created).time("updated_at", updated);
    store_.load(Kind::users, id, created, writer.finish(), nullptr, keys);
  }

  std::string metadata(std::size_t number) {
    if (random_.chance(0.3)) return "{}";
    return fmt::format(R"({{"department":"{}","plan":"{}","employee_number":"{}"}})", random_.pick(departments),
                       random_.pick(plans), 20'000 + number);
  }

  /// A few organizations are large and many are small.
  std::size_t home_of(std::size_t user) {
    Random own(options_.seed + user * 7919);
    const double place = own.fraction();
    return static_cast<std::size_t>(place * place * static_cast<double>(options_.organizations));
  }

  void add_memberships() {
    if (users_.empty() || organizations_.empty()) return;
    std::vector<Member> members = options_.memberships_per_organization > 0 ? same_for_all() : by_home();
    std::ranges::stable_sort(members, {}, &Member::created_at);
    store_.reserve(Kind::organization_memberships, members.size());
    for (const auto& member : members) add_membership(member);
  }

  Member member(std::size_t user, std::size_t organization) {
    return {after(std::max(users_[user].created_at, organizations_[organization].created_at)), user, organization};
  }

  std::vector<Member> same_for_all() {
    std::vector<Member> members;
    const std::size_t each = std::min(options_.memberships_per_organization, users_.size());
    for (std::size_t i = 0; i < each * organizations_.size(); ++i) {
      members.push_back(member(i % users_.size(), i / each));
    }
    return members;
  }

  std::vector<Member> by_home() {
    std::vector<Member> members;
    const std::size_t count = std::min(options_.memberships, users_.size() * organizations_.size());
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t user = i % users_.size();
      members.push_back(member(user, (home_of(user) + i / users_.size()) % organizations_.size()));
    }
    return members;
  }

  void add_membership(const Member& member) {
    const std::string id = ids_.make("om_", member.created_at);
    auto facts = std::make_unique<Facts>();
    facts->user_id = users_[member.user].id;
    facts->organization_id = organizations_[member.organization].id;
    facts->status = random_.chance(0.92) ? "active" : random_.chance(0.6) ? "inactive" : "pending";
    const bool managed = random_.chance(0.2);
    const std::string role = fmt::format(R"({{"slug":"{}"}})", random_.pick(roles));
    JsonWriter writer;
    writer.text("object", "organization_membership").text("id", id).text("user_id", facts->user_id);
    writer.text("organization_id", facts->organization_id).text("status", facts->status);
    writer.boolean("directory_managed", managed);
    writer.raw("custom_attributes",
               managed ? fmt::format(R"({{"department":"{}","floor":{}}})", random_.pick(departments), random_.below(9))
                       : std::string{"{}"});
    writer.raw("role", role).raw("roles", "[" + role + "]");
    writer.time("created_at", member.created_at).time("updated_at", after(member.created_at));
    store_.load(Kind::organization_memberships, id, member.created_at, writer.finish(), std::move(facts), {});
  }

  void add_invitations() {
    for (const Instant created : creation_times(options_.invitations)) add_invitation(created);
  }

  void add_invitation(Instant created) {
    const std::size_t number = store_.size(Kind::invitations);
    const Instant expires{created.microseconds + 7 * day};
    const bool recent = expires > options_.until;
    const std::string id = ids_.make("invitation_", created);
    const double fate = random_.fraction();
    auto facts = std::make_unique<Facts>();
    facts->status = fate < 0.6 ? "accepted" : fate < 0.75 ? "revoked" : recent ? "pending" : "expired";
    const Instant ended =
        in_whole_milliseconds(random_.between(created.microseconds, std::min(expires, options_.until).microseconds));
    if (!organizations_.empty() && random_.chance(0.9)) facts->organization_id = random_.pick(organizations_).id;
    const std::string inviter = users_.empty() || random_.chance(0.3) ? "null" : quoted_text(random_.pick(users_).id);
    const bool accepted = facts->status == "accepted";
    const std::string guest = !accepted || users_.empty() ? "null" : quoted_text(random_.pick(users_).id);
    const std::string email = fmt::format("{}.guest{}@guests.example", random_.pick(first_names).ascii, number);
    JsonWriter writer;
    writer.text("object", "invitation").text("id", id).text("email", email).text("state", facts->status);
    accepted ? writer.time("accepted_at", ended) : writer.null("accepted_at");
    facts->status == "revoked" ? writer.time("revoked_at", ended) : writer.null("revoked_at");
    writer.time("expires_at", expires);
    facts->organization_id.empty() ? writer.null("organization_id")
                                   : writer.text("organization_id", facts->organization_id);
    writer.raw("inviter_user_id", inviter).raw("accepted_user_id", guest).text("role_slug", random_.pick(roles));
    writer.time("created_at", created).time("updated_at", accepted || facts->status == "revoked" ? ended : created);
    if (facts->status == "pending") store_.schedule_expiry(expires, id);
    store_.load(Kind::invitations, id, created, writer.finish(), std::move(facts), {"email:" + email});
  }

  struct Known {
    std::string id;
    Instant created_at;
  };

  Store& store_;
  const SeedOptions& options_;
  Random random_;
  IdMaker ids_;
  std::vector<Known> organizations_;
  std::vector<Known> users_;
  std::vector<std::string> hosts_;
};

}  // namespace

void fill(Store& store, const SeedOptions& options) {
  Seeding(store, options).run();
}

}  // namespace mirror::simulator
