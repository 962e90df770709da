#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "support/instant.hpp"

namespace mirror::simulator {

/// The kinds of object that have a list. Domains live inside their organization.
enum class Kind { organizations, users, organization_memberships, invitations };

inline constexpr std::array all_kinds{Kind::organizations, Kind::users, Kind::organization_memberships,
                                      Kind::invitations};

std::string_view table_name(Kind kind);   ///< "organization_memberships"
std::string_view object_name(Kind kind);  ///< "organization_membership"
std::string_view id_prefix(Kind kind);    ///< "om_"
std::string_view list_path(Kind kind);    ///< "/user_management/organization_memberships"
std::optional<Kind> find_kind(std::string_view table_name);

/// Where an object stands in its list: by creation time; ties stand in the order in which they arrived, never by id.
struct Position {
  std::int64_t created_microseconds = 0;
  std::uint64_t sequence = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

/// What of an object the simulator itself has to know, besides its text. Users, the most numerous, need none of it.
struct Facts {
  std::string organization_id;
  std::string user_id;
  std::string status;  ///< a membership's status, an invitation's state
  std::string name;    ///< an organization's, as JSON text with its quotes
};

/// What a fault makes of an object for whoever reads it.
struct Spoiled {
  std::string text;
  int fault = 0;  ///< number on the FaultBoard
};

/// One object. `text` is its JSON as an event would carry it; what only a list shows is added when it is served.
struct Record {
  std::string id;
  Position position;
  std::string text;
  std::unique_ptr<Facts> facts;
  std::unique_ptr<Spoiled> spoiled;

  [[nodiscard]] const std::string& served_text() const { return spoiled ? spoiled->text : text; }
};

using Order = std::map<Position, Record*>;

}  // namespace mirror::simulator
