// What readers see of the store.

#include <nlohmann/json.hpp>

#include "support/error.hpp"
#include "tests/simulator/objects.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {
namespace {

bool is_object(const std::string& text) {
  return text.size() > 2 && text.front() == '{' && text.back() == '}';
}

/// `out` without the brace that closes the object written last, ready for another member.
void reopen(std::string& out) {
  out.back() = ',';
}

void append_invitation_secrets(std::string& out, const std::string& id) {
  reopen(out);
  out.append(R"("token":")").append(invitation_token(id));
  out.append(R"(","accept_invitation_url":")").append(accept_invitation_url(id)).append("\"}");
}

}  // namespace

void Store::append_listed(std::string& out, Kind kind, const Record& record, View view) const {
  const std::string& text = view == View::served ? record.served_text() : record.text;
  out += text;
  if (!is_object(text)) return;
  if (kind == Kind::invitations) append_invitation_secrets(out, record.id);
  if (kind != Kind::organization_memberships) return;
  const Record* organization = find(Kind::organizations, record.facts->organization_id);
  const Record* user = find(Kind::users, record.facts->user_id);
  if (organization != nullptr) {
    reopen(out);
    out.append(R"("organization_name":)").append(organization->facts->name).append("}");
  }
  if (user != nullptr) {
    reopen(out);
    out.append(R"("user":)").append(view == View::served ? user->served_text() : user->text).append("}");
  }
}

std::string Store::listed(Kind kind, const Record& record, View view) const {
  std::string out;
  append_listed(out, kind, record, view);
  return out;
}

std::vector<std::string> Store::truth(std::string_view name, View view) const {
  std::vector<std::string> rows;
  if (name == "organization_domains") {
    for (const auto& [position, organization] : table(Kind::organizations).order()) {
      const Json served = view == View::served ? Json::parse(organization->served_text(), nullptr, false) : Json();
      const Json object = served.is_object() ? served : Json::parse(organization->text);
      for (const auto& domain : object["domains"]) rows.push_back(domain.dump());
    }
    return rows;
  }
  const auto kind = find_kind(name);
  if (!kind) throw Error(Fault::usage, "the simulator has no table " + std::string{name});
  rows.reserve(size(*kind));
  for (const auto& [position, record] : table(*kind).order()) rows.push_back(listed(*kind, *record, view));
  return rows;
}

}  // namespace mirror::simulator
