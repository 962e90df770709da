#include "reconcile/desired_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "reconcile/text_form.hpp"
#include "support/nearest_name.hpp"

namespace mirror::reconcile {
namespace {

enum Column : std::size_t { email, external_id, first_name, last_name, organization, role, status };

constexpr std::size_t longest_name = 200;
constexpr std::size_t longest_external_id = 128;  // of the API

/// Splits "admin|billing" into a sorted set.
std::vector<std::string> roles_of(const std::string& text) {
  std::set<std::string> roles;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('|', begin), text.size());
    if (auto role_name = composed(text.substr(begin, end - begin)); role_name && !role_name->empty()) {
      roles.insert(*role_name);
    }
    begin = end + 1;
  }
  return {roles.begin(), roles.end()};
}

class DesiredReader {
 public:
  DesiredReader(const SourceRows& source, const std::vector<DirectoryOrganization>& organizations,
                const std::string& only, ProblemList& problems)
      : source_(source), only_(only), problems_(problems) {
    for (const auto& each : organizations) ids_.emplace(each.id, each.id);
    for (const auto& each : organizations) {
      if (each.external_id.empty()) continue;
      const auto [known, is_new] = ids_.emplace(each.external_id, each.id);
      if (!is_new && known->second != each.id) known->second.clear();  // which of them is meant, nobody knows
    }
    if (!only.empty()) list_.scope.insert(only);
  }

  DesiredList read() {
    if (!find_columns()) return {};
    for (const SourceRow& row : source_.rows) read_row(row);
    return std::move(list_);
  }

 private:
  bool find_columns() {
    columns_.fill(no_column);
    for (std::size_t i = 0; i < source_.columns.size(); ++i) find_column(i);
    if (columns_[email] == no_column && columns_[external_id] == no_column && !source_.rows.empty()) {
      problems_.add(source_.unit + " 1", "there is neither a column email nor external_id");
    }
    return problems_.empty();
  }

  void find_column(std::size_t index) {
    const std::string name = folded(source_.columns[index]);
    const auto& known = desired_columns();
    const auto found = std::ranges::find(known, name);
    const std::string& place = source_.named_at[index];
    if (found == known.end()) {
      const auto nearest = nearest_name(name, known);
      problems_.add(place, nearest ? fmt::format("unknown column, did you mean {}?", *nearest)
                                   : fmt::format("unknown column; known are {}", fmt::join(known, ", ")));
      return;
    }
    std::size_t& column = columns_[static_cast<std::size_t>(found - known.begin())];
    if (column != no_column) problems_.add(place, fmt::format("{} is there twice", *found));
    column = index;
  }

  std::string value(const SourceRow& row, Column column) {
    if (columns_[column] == no_column || !row.values[columns_[column]]) return {};
    auto text = composed(*row.values[columns_[column]]);
    if (!text) problem(row, column, "not UTF-8");
    if (text && std::ranges::any_of(*text, [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
      problem(row, column, "a control character");
    }
    return text.value_or("");
  }

  void problem(const SourceRow& row, Column column, const std::string& message) {
    problems_.add(fmt::format("{}, column {}", source_.place(row), desired_columns()[column]), message);
  }

  void read_row(const SourceRow& row) {
    const std::size_t problems_before = problems_.count();
    DesiredPerson person{value(row, email),     value(row, external_id), value(row, first_name),
                         value(row, last_name), source_.place(row),      {}};
    check_person(row, person);
    auto membership = read_membership(row);
    if (problems_.count() > problems_before) return;
    if (!only_.empty() && (!membership || membership->organization_id != only_)) {
      ++list_.unrelated_rows;
      return;
    }
    DesiredPerson* const known = find_or_add(row, person);
    if (known != nullptr) add_membership(row, *known, std::move(membership), !is_new_);
  }

  void check_person(const SourceRow& row, const DesiredPerson& person) {
    if (person.email.empty() && person.external_id.empty()) {
      problems_.add(source_.place(row), "neither email nor external_id");
    }
    if (!person.email.empty() && !is_email(person.email)) problem(row, email, "not an email address");
    if (person.external_id.size() > longest_external_id) problem(row, external_id, "longer than 128 bytes");
    if (person.first_name.size() > longest_name) problem(row, first_name, "longer than 200 bytes");
    if (person.last_name.size() > longest_name) problem(row, last_name, "longer than 200 bytes");
  }

  /// Empty if the row is about a person only.
  std::optional<DesiredMembership> read_membership(const SourceRow& row) {
    const std::string named = value(row, organization);
    const std::string wanted_role = value(row, role);
    const std::string wanted_status = value(row, status);
    if (!wanted_status.empty() && wanted_status != "active" && wanted_status != "inactive") {
      problem(row, status, "neither active nor inactive");
    }
    if (named.empty() && only_.empty()) {
      if (!wanted_role.empty()) problem(row, role, "a role without an organization");
      if (wanted_status == "inactive") problem(row, status, "a status without an organization");
      return std::nullopt;
    }
    const auto id = named.empty() ? only_ : resolve(row, named);
    if (id.empty()) return std::nullopt;
    return DesiredMembership{id, roles_of(wanted_role), wanted_status != "inactive", source_.place(row)};
  }

  std::string resolve(const SourceRow& row, const std::string& named) {
    const auto found = ids_.find(named);
    if (found == ids_.end()) problem(row, organization, "the mirror has no organization of that id or external id");
    if (found != ids_.end() && found->second.empty()) {
      problem(row, organization, "several organizations have that external id; name it by its own id");
    }
    return found == ids_.end() ? "" : found->second;
  }

  static std::size_t index_in(const std::unordered_map<std::string, std::size_t>& index, const std::string& key) {
    const auto found = key.empty() ? index.end() : index.find(key);
    return found == index.end() ? no_column : found->second;
  }

  /// The person whom an earlier row named, or a new one; null if the rows contradict each other.
  DesiredPerson* find_or_add(const SourceRow& row, const DesiredPerson& person) {
    const std::string address = folded(person.email);
    const std::size_t by_id = index_in(by_external_id_, person.external_id);
    const std::size_t by_address = index_in(by_email_, address);
    is_new_ = by_id == no_column && by_address == no_column;
    const std::size_t at = is_new_ ? list_.people.size() : by_id != no_column ? by_id : by_address;
    if (is_new_) list_.people.push_back(person);
    DesiredPerson& known = list_.people[at];
    const bool is_one = by_id == no_column || by_address == no_column || by_id == by_address;
    if (!is_one || !merge(known, person)) {
      problems_.add(source_.place(row), fmt::format("contradicts {}: email, external_id and names of a person have to "
                                                    "be the same in all",
                                                    known.place));
      return nullptr;
    }
    if (!known.external_id.empty()) by_external_id_.emplace(known.external_id, at);
    if (!known.email.empty()) by_email_.emplace(folded(known.email), at);
    return &known;
  }

  static bool merge(DesiredPerson& known, const DesiredPerson& other) {
    const auto take = [](std::string& own, const std::string& theirs) {
      if (own.empty()) own = theirs;
      return theirs.empty() || own == theirs;
    };
    if (!known.email.empty() && !other.email.empty() && folded(known.email) != folded(other.email)) return false;
    if (known.email.empty()) known.email = other.email;
    return take(known.external_id, other.external_id) && take(known.first_name, other.first_name) &&
           take(known.last_name, other.last_name);
  }

  void add_membership(const SourceRow& row, DesiredPerson& person, std::optional<DesiredMembership> membership,
                      bool is_known) {
    if (!membership) {
      if (is_known) ++list_.repeated_rows;
      return;
    }
    list_.scope.insert(membership->organization_id);
    const auto same =
        std::ranges::find(person.memberships, membership->organization_id, &DesiredMembership::organization_id);
    if (same == person.memberships.end()) {
      person.memberships.push_back(*std::move(membership));
    } else if (*same == *membership) {
      ++list_.repeated_rows;
    } else {
      problems_.add(source_.place(row),
                    fmt::format("contradicts {}: another role or status in the same organization", same->place));
    }
  }

  static constexpr std::size_t no_column = static_cast<std::size_t>(-1);

  const SourceRows& source_;
  const std::string& only_;
  ProblemList& problems_;
  DesiredList list_;
  std::array<std::size_t, 7> columns_{};
  std::unordered_map<std::string, std::string> ids_;  ///< of organizations, by id and external id
  std::unordered_map<std::string, std::size_t> by_external_id_;
  std::unordered_map<std::string, std::size_t> by_email_;
  bool is_new_ = false;
};

}  // namespace

const std::vector<std::string>& desired_columns() {
  static const std::vector<std::string> names{"email",        "external_id", "first_name", "last_name",
                                              "organization", "role",        "status"};
  return names;
}

DesiredList read_desired(const SourceRows& source, const std::vector<DirectoryOrganization>& organizations,
                         const std::string& only, ProblemList& problems) {
  DesiredList list = DesiredReader(source, organizations, only, problems).read();
  if (!problems.empty() || !list.people.empty()) return list;
  problems.add("the list", only.empty() ? "it is empty; everybody would be removed, so nothing is planned"
                                        : "it names nobody of that organization; everybody would be removed, so "
                                          "nothing is planned");
  return list;
}

}  // namespace mirror::reconcile
