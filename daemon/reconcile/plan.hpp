#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::reconcile {

/// In the order in which a plan's actions are applied: users before their memberships, what takes something away last.
enum class ActionKind {
  create_user,
  update_user,
  add_membership,
  reactivate_membership,
  change_role,
  revoke_invitation,
  send_invitation,
  deactivate_membership,
  remove_membership
};

inline constexpr std::array all_action_kinds{
    ActionKind::create_user,           ActionKind::update_user,           ActionKind::add_membership,
    ActionKind::reactivate_membership, ActionKind::change_role,           ActionKind::revoke_invitation,
    ActionKind::send_invitation,       ActionKind::deactivate_membership, ActionKind::remove_membership};

std::string_view to_string(ActionKind kind);
std::optional<ActionKind> action_kind_of(std::string_view name);

/// True if such actions make objects, so that there are none of which they could be a percentage.
bool makes_new(ActionKind kind);

/// The mirrored table of the object that an action makes or changes.
std::string_view table_of(ActionKind kind);

/// Fields of an object by name, as far as an action is about them; empty: none. Roles are sorted and joined by "|".
using Fields = std::map<std::string, std::string>;

std::string joined_roles(const std::vector<std::string>& roles);
std::vector<std::string> split_roles(const std::string& joined);

/// One change. A plain value.
struct Action {
  int number = 0;  ///< from 1 on, in the order of application
  ActionKind kind = ActionKind::create_user;
  std::string id;               ///< the object; empty if the action makes it
  std::string user_id;          ///< of a membership
  int user_action = 0;          ///< the action that makes that user; 0: there is one
  std::string organization_id;  ///< of a membership or an invitation
  Fields before;                ///< what the action expects; empty if it makes the object
  Fields after;                 ///< what it leaves; empty if it removes the object
  std::string reason;
  std::string place;  ///< in the desired list; empty: it is about who is not on it

  friend bool operator==(const Action&, const Action&) = default;
};

/// Somebody for whom nothing is planned although the list asks for something.
struct Exception {
  std::string id;               ///< the user, membership, invitation or organization
  std::string organization_id;  ///< of a membership or an invitation
  std::string reason;
  std::string place;

  friend bool operator==(const Exception&, const Exception&) = default;
};

/// How many changes of one kind a plan may have before a person has to approve it.
struct KindCount {
  ActionKind kind = ActionKind::create_user;
  long count = 0;
  std::optional<long> of;  ///< objects that such an action could be about; empty: it makes new ones
  bool exceeded = false;
  std::string limit;  ///< for people

  friend bool operator==(const KindCount&, const KindCount&) = default;
};

/// What is to be done, and what is not. A plain value.
struct Changes {
  std::vector<Action> actions;
  std::vector<Exception> protected_ones;
  std::vector<Exception> unresolved;  ///< the list and the directory do not fit together there
  std::vector<KindCount> counts;      ///< of the kinds that occur

  friend bool operator==(const Changes&, const Changes&) = default;
};

/// Changes with what they hold for. A plain value.
struct Plan {
  std::string environment;
  std::int64_t feed_seq = 0;      ///< the mirror's position
  std::string feed_written_at;    ///< of the line at that position, which no other mirror has from the same microsecond
  std::string caught_up_through;  ///< ISO 8601, the API's time
  std::string created_at;         ///< ISO 8601, the database's time
  std::string valid_until;
  std::vector<std::string> scope;  ///< ids of organizations
  bool invites = true;             ///< new people are invited, not created
  bool removes = false;            ///< who is not on the list loses the membership for good
  Changes changes;

  [[nodiscard]] bool exceeds_limits() const;
  /// "create_user (600), update_user (40)"; empty if no limit is exceeded.
  [[nodiscard]] std::string kinds_over_limit() const;
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace mirror::reconcile
