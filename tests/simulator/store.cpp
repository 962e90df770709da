#include "tests/simulator/store.hpp"

#include <nlohmann/json.hpp>

#include "support/error.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::simulator {
namespace {

const Order no_objects;

Instant created_at(const Json& object) {
  const auto instant = parse_instant(text_of(object, "created_at"));
  if (!instant) throw Error(Fault::usage, "the simulator needs a readable created_at");
  return *instant;
}

std::string event_name(Kind kind, const WriteOptions& options, std::string_view what) {
  if (!options.event_name.empty()) return options.event_name;
  return std::string{object_name(kind)}.append(what);
}

}  // namespace

Store::Store(SimulatedClock& clock, std::uint64_t seed) : clock_(clock), ids_(seed), events_(seed + 1) {}

const Record& Store::get(Kind kind, std::string_view id) const {
  const Record* record = find(kind, id);
  if (record == nullptr) {
    throw Error(Fault::usage, std::string{"the simulator has no "}.append(object_name(kind)).append(" ").append(id));
  }
  return *record;
}

Record& Store::mutable_record(Kind kind, const std::string& id) {
  return const_cast<Record&>(get(kind, id));  // the store owns it
}

Json Store::object(Kind kind, std::string_view id) const {
  return Json::parse(get(kind, id).text);
}

const Order& Store::memberships_of_organization(const std::string& id) const {
  const auto found = by_organization_.find(id);
  return found == by_organization_.end() ? no_objects : found->second;
}

Order Store::memberships_of_user(const std::string& id) const {
  Order order;
  const auto found = by_user_.find(id);
  if (found == by_user_.end()) return order;
  for (Record* membership : found->second) order.emplace(membership->position, membership);
  return order;
}

const Record* Store::lookup(Kind kind, std::string_view key, const std::string& value) const {
  const std::string wanted = std::string{key} + ":" + value;
  for (const Record* candidate : table(kind).with_key(wanted)) {
    for (const auto& found : keys_of(Json::parse(candidate->text))) {
      if (found == wanted) return candidate;
    }
  }
  return nullptr;
}

const Record& Store::create(Kind kind, const Json& fields, const WriteOptions& options) {
  const Json object = new_object(kind, fields, now(), ids_);
  const std::string id = object["id"];
  if (find(kind, id) != nullptr) throw Error(Fault::usage, "the simulator already has " + id);
  Record& record = load(kind, id, created_at(object), object.dump(), facts_of(kind, object), keys_of(object));
  if (kind == Kind::invitations && record.facts->status == "pending") {
    schedule_expiry(parse_instant(text_of(object, "expires_at")).value_or(Instant{}), id);
  }
  if (kind == Kind::organizations) emit_domain_changes(Json::object(), object, options);
  if (options.event) emit(event_name(kind, options, ".created"), event_form(kind, object), options);
  return record;
}

const Record& Store::update(Kind kind, const std::string& id, const Json& fields, const WriteOptions& options) {
  Record& record = mutable_record(kind, id);
  const Json before = Json::parse(record.text);
  Json after = before;
  after.update(fields);
  if (options.touch && !fields.contains("updated_at")) after["updated_at"] = timestamp(now());
  store_text(kind, record, after);
  record.spoiled.reset();
  if (kind == Kind::invitations && record.facts->status == "pending") {
    schedule_expiry(parse_instant(text_of(after, "expires_at")).value_or(Instant{}), id);
  }
  if (kind == Kind::organizations) emit_domain_changes(before, after, options);
  if (options.event) emit(event_name(kind, options, ".updated"), event_form(kind, after), options);
  return record;
}

void Store::erase(Kind kind, const std::string& id, const WriteOptions& options, bool cascade) {
  const Record& record = get(kind, id);
  const Json object = Json::parse(record.text);
  if (cascade) cascade_from(kind, record, options);
  if (kind == Kind::organizations) emit_domain_changes(object, Json::object(), options);
  for (const auto& key : keys_of(object)) mutable_table(kind).forget(key, record);
  if (kind == Kind::organization_memberships) leave(record);
  if (kind == Kind::organizations) by_organization_.erase(id);
  if (kind == Kind::users) by_user_.erase(id);
  mutable_table(kind).remove(id);
  if (options.event) emit(event_name(kind, options, ".deleted"), event_form(kind, object), options);
}

void Store::cascade_from(Kind kind, const Record& parent, const WriteOptions& options) {
  if (kind != Kind::organizations && kind != Kind::users) return;
  const Order members = kind == Kind::users ? memberships_of_user(parent.id) : memberships_of_organization(parent.id);
  WriteOptions child = options;
  child.event_name.clear();
  for (const auto& [position, membership] : members) erase(Kind::organization_memberships, membership->id, child);
}

Record& Store::load(Kind kind, std::string id, Instant created, std::string text, std::unique_ptr<Facts> facts,
                    const std::vector<std::string>& keys) {
  auto record = std::make_unique<Record>();
  record->id = std::move(id);
  record->position = {created.microseconds, ++sequence_};
  record->text = std::move(text);
  record->facts = std::move(facts);
  Record& added = mutable_table(kind).add(std::move(record));
  for (const auto& key : keys) mutable_table(kind).remember(key, added);
  if (kind == Kind::organization_memberships) join(added);
  return added;
}

void Store::store_text(Kind kind, Record& record, const Json& object) {
  Table& table = mutable_table(kind);
  for (const auto& key : keys_of(Json::parse(record.text))) table.forget(key, record);
  if (kind == Kind::organization_memberships) leave(record);
  const std::int64_t created = created_at(object).microseconds;
  if (created != record.position.created_microseconds) table.move(record, {created, record.position.sequence});
  record.text = object.dump();
  record.facts = facts_of(kind, object);
  for (const auto& key : keys_of(object)) table.remember(key, record);
  if (kind == Kind::organization_memberships) join(record);
}

void Store::join(Record& membership) {
  auto& in_organization = by_organization_[membership.facts->organization_id];
  in_organization.emplace_hint(in_organization.end(), membership.position, &membership);
  by_user_[membership.facts->user_id].push_back(&membership);
}

void Store::leave(const Record& membership) {
  by_organization_[membership.facts->organization_id].erase(membership.position);
  std::erase(by_user_[membership.facts->user_id], &membership);
}

void Store::schedule_expiry(Instant expires_at, const std::string& invitation_id) {
  expiries_.emplace(expires_at, invitation_id);
}

void Store::expire_due_invitations() {
  const Instant present = now();
  while (!expiries_.empty() && expiries_.begin()->first <= present) {
    const auto due = expiries_.extract(expiries_.begin());
    const Record* invitation = find(Kind::invitations, due.mapped());
    if (invitation == nullptr || invitation->facts->status != "pending") continue;
    Json object = Json::parse(invitation->text);
    // A resent invitation has a later expiry, which is scheduled as well.
    if (parse_instant(text_of(object, "expires_at")) > present) continue;
    object["state"] = "expired";
    store_text(Kind::invitations, mutable_record(Kind::invitations, due.mapped()), object);
  }
}

void Store::spoil(Kind kind, const std::string& id, std::string text, int fault) {
  mutable_record(kind, id).spoiled = std::make_unique<Spoiled>(Spoiled{std::move(text), fault});
}

void Store::heal(Kind kind, const std::string& id) {
  if (find(kind, id) != nullptr) mutable_record(kind, id).spoiled.reset();
}

void Store::emit(std::string_view name, const Json& data, const WriteOptions& options) {
  std::string organization_id = text_of(data, "organization_id");
  if (text_of(data, "object") == "organization") organization_id = text_of(data, "id");
  events_.append(name, data.dump(), organization_id, now(), options.event_delay);
}

void Store::emit_domain_changes(const Json& before, const Json& after, const WriteOptions& options) {
  if (!options.event) return;
  WriteOptions child = options;
  child.event_name.clear();
  const auto contains = [](const Json& organization, const Json& domain) {
    for (const auto& other : organization.value("domains", Json::array())) {
      if (other["id"] == domain["id"]) return true;
    }
    return false;
  };
  for (const auto& domain : before.value("domains", Json::array())) {
    if (!contains(after, domain)) emit("organization_domain.deleted", domain, child);
  }
  for (const auto& domain : after.value("domains", Json::array())) {
    if (!contains(before, domain)) emit("organization_domain.created", domain, child);
  }
}

}  // namespace mirror::simulator
