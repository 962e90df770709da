// The list endpoints.

#include <nlohmann/json.hpp>
#include <set>

#include "tests/simulator/api.hpp"
#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/event_listing.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::simulator {
namespace {

constexpr std::int64_t event_retention = std::int64_t{90} * 86'400 * microseconds_per_second;

void append_cursor(std::string& out, const char* name, const std::optional<std::string>& id) {
  out.append("\"").append(name).append("\":");
  id ? out.append("\"").append(*id).append("\"") : out.append("null");
}

std::string parameter_or(const Request& request, std::string_view name, std::string_view otherwise) {
  return std::string{request.parameter(name).value_or(otherwise)};
}

std::set<std::string> read_statuses(const Request& request) {
  std::set<std::string> statuses;
  for (auto& status : split_commas(request.parameter("statuses").value_or("active"))) {
    if (status != "active" && status != "inactive" && status != "pending") {
      throw failure(400, "Invalid status: '" + status + "'.", "invalid_request_parameters");
    }
    statuses.insert(std::move(status));
  }
  return statuses;
}

bool has_domain(const Record& organization, const std::vector<std::string>& domains) {
  const Json object = Json::parse(organization.text);
  for (const auto& domain : object["domains"]) {
    for (const auto& wanted : domains) {
      if (text_of(domain, "domain") == wanted) return true;
    }
  }
  return false;
}

}  // namespace

Answer Api::list(const Request& request, const Listing& listing) {
  PageQuery query = read_page_query(request);
  world_.faults.on_query(request, listing, query);
  Page page = listing.select(query);
  world_.faults.on_page(request, listing, query, page);
  return json_answer(200, render(page, listing.kind()));
}

std::string Api::render(const Page& page, std::optional<Kind> kind) {
  std::string out;
  out.reserve(std::size_t{1024} * (page.items.size() + 1));
  out += R"({"object":"list","data":[)";
  for (const auto& item : page.items) {
    if (&item != &page.items.front()) out += ',';
    if (item.event != nullptr) {
      out += item.event->text;
      if (item.event->fault) world_.faults.served(*item.event->fault);
    } else {
      world_.store.append_listed(out, *kind, *item.record);
      if (item.record->spoiled) world_.faults.served(item.record->spoiled->fault);
    }
  }
  out += R"(],"list_metadata":{)";
  if (kind) {
    append_cursor(out, "before", page.before);
    out += ',';
  }
  append_cursor(out, "after", page.after);
  return out += "}}";
}

Answer Api::list_organizations(const Request& request) {
  const Order& all = world_.store.table(Kind::organizations).order();
  RecordListing::Filter filter;
  if (const auto domains = split_commas(parameter_or(request, "domains", "")); !domains.empty()) {
    filter = [domains](const Record& record) { return has_domain(record, domains); };
  } else if (const std::string name = parameter_or(request, "search", ""); !name.empty()) {
    filter = [name](const Record& record) { return record.facts->name.find(name) != std::string::npos; };
  }
  return list(request, RecordListing(world_.store, Kind::organizations, all, std::move(filter)));
}

Answer Api::list_users(const Request& request) {
  const Store& store = world_.store;
  const std::string email = parameter_or(request, "email", "");
  const std::string organization = parameter_or(request, "organization_id", parameter_or(request, "organization", ""));
  Order chosen;
  if (!email.empty()) {
    Record* found = const_cast<Record*>(store.lookup(Kind::users, "email", email));  // only read here
    if (found != nullptr) chosen.emplace(found->position, found);
  } else if (!organization.empty()) {
    // Live, this filter knows active memberships only (github.com/workos/workos-node/issues/1080).
    for (const auto& [position, membership] : store.memberships_of_organization(organization)) {
      Record* user = const_cast<Record*>(store.find(Kind::users, membership->facts->user_id));
      if (user != nullptr && membership->facts->status == "active") chosen.emplace(user->position, user);
    }
  } else {
    return list(request, RecordListing(store, Kind::users, store.table(Kind::users).order()));
  }
  return list(request, RecordListing(store, Kind::users, chosen));
}

Answer Api::list_memberships(const Request& request) {
  const Store& store = world_.store;
  const std::string organization = parameter_or(request, "organization_id", "");
  const std::string user = parameter_or(request, "user_id", "");
  if (organization.empty() && user.empty()) {
    throw failure(400, "Either user_id or organization_id must be provided.", "missing_user_id_or_organization_id");
  }
  if (!organization.empty() && store.find(Kind::organizations, organization) == nullptr) {
    throw not_found("Organization", organization);
  }
  if (!user.empty() && store.find(Kind::users, user) == nullptr) throw not_found("User", user);
  const auto statuses = read_statuses(request);
  const Order of_user = organization.empty() ? store.memberships_of_user(user) : Order{};
  const Order& order = organization.empty() ? of_user : store.memberships_of_organization(organization);
  return list(request, RecordListing(store, Kind::organization_memberships, order, [&](const Record& record) {
                return statuses.contains(record.facts->status) && (user.empty() || record.facts->user_id == user);
              }));
}

Answer Api::list_invitations(const Request& request) {
  const Order& all = world_.store.table(Kind::invitations).order();
  const std::string organization = parameter_or(request, "organization_id", "");
  const std::string email = parameter_or(request, "email", "");
  if (organization.empty() && email.empty()) {
    return list(request, RecordListing(world_.store, Kind::invitations, all));
  }
  return list(request, RecordListing(world_.store, Kind::invitations, all, [&](const Record& record) {
                if (!organization.empty() && record.facts->organization_id != organization) return false;
                return email.empty() || text_of(Json::parse(record.text), "email") == email;
              }));
}

Answer Api::list_events(const Request& request) {
  EventLog& log = world_.store.events();
  const Instant now = world_.clock.now();
  log.forget_before({now.microseconds - event_retention});
  return list(request, EventListing(log, now, read_event_query(request, now)));
}

}  // namespace mirror::simulator
