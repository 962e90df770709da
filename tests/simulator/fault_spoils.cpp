// Faults in what single objects look like. They change what the API serves of an object until it is written again or
// the faults are cleared, as data that is broken at the source stays broken.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/simulator/fault_kind.hpp"
#include "tests/simulator/objects.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {
namespace {

/// Stands in an object where JSON text goes that no JSON library would write.
constexpr std::string_view placeholder = "@@spoiled@@";

std::string with_raw(const Json& object, std::string_view raw, bool keep_quotes) {
  std::string text = object.dump();
  const std::string wanted = keep_quotes ? std::string{placeholder} : '"' + std::string{placeholder} + '"';
  if (const auto place = text.find(wanted); place != std::string::npos) text.replace(place, wanted.size(), raw);
  return text;
}

/// A field of free text: its name may be given as the parameter `field`.
Json& text_field(Kind kind, Json& object, const FaultParameters& parameters) {
  if (const std::string field = parameters.text("field"); !field.empty()) return object[field];
  switch (kind) {
    case Kind::organizations:
      return object["name"];
    case Kind::users:
      return object["first_name"];
    case Kind::organization_memberships:
      return object["custom_attributes"]["note"];
    case Kind::invitations:
      return object["role_slug"];
  }
  return object["name"];
}

std::string add_field(Kind, Json object, const FaultParameters&) {
  object["added_by_workos_last_night"] = {{"level", 3}, {"tags", {"new", nullptr}}};
  return object.dump();
}

std::string strange_status(Kind kind, Json object, const FaultParameters&) {
  switch (kind) {
    case Kind::organizations:
      for (auto& domain : object["domains"]) domain["state"] = "hibernating";
      break;
    case Kind::users:
      object["locale"] = "tlh-Latn-x-unheard";
      break;
    case Kind::organization_memberships:
      object["status"] = "hibernating";
      break;
    case Kind::invitations:
      object["state"] = "hibernating";
      break;
  }
  return object.dump();
}

std::string null_for_text(Kind kind, Json object, const FaultParameters& parameters) {
  constexpr std::array<const char*, 4> required{"name", "email", "status", "email"};
  object[parameters.text("field", required[static_cast<std::size_t>(kind)])] = nullptr;
  return object.dump();
}

std::string with_text(Kind kind, Json object, const FaultParameters& parameters, std::string_view raw) {
  text_field(kind, object, parameters) = "before" + std::string{placeholder} + "after";
  return with_raw(object, raw, true);
}

std::string with_nul(Kind kind, Json object, const FaultParameters& parameters) {
  return with_text(kind, std::move(object), parameters, R"(\u0000)");
}

std::string with_lone_surrogate(Kind kind, Json object, const FaultParameters& parameters) {
  return with_text(kind, std::move(object), parameters, R"(\ud83d)");
}

std::string without_id(Kind, Json object, const FaultParameters&) {
  object.erase("id");
  return object.dump();
}

std::string wrong_type(Kind, Json, const FaultParameters& parameters) {
  return parameters.text("item", "42");
}

std::string nested(Kind, Json object, const FaultParameters& parameters) {
  const auto depth = static_cast<std::size_t>(parameters.number("depth", 2000));
  object["nested"] = placeholder;
  return with_raw(object, std::string(depth, '[') + std::string(depth, ']'), false);
}

std::string unreadable_time(Kind, Json object, const FaultParameters& parameters) {
  object[parameters.text("field", "updated_at")] = "yesterday, around noon";
  return object.dump();
}

std::string huge_number(Kind kind, Json object, const FaultParameters& parameters) {
  constexpr std::array<const char*, 4> maps{"metadata", "metadata", "custom_attributes", "metadata"};
  object[maps[static_cast<std::size_t>(kind)]]["quota"] = placeholder;
  return with_raw(object, parameters.text("value", "1e999999"), false);
}

using Spoil = std::string (*)(Kind, Json, const FaultParameters&);

std::vector<const Record*> victims(const ArmedFault& fault, Kind kind, const Store& store, Random& random) {
  std::vector<const Record*> chosen;
  for (const auto& id : split_commas(fault.parameters.text("ids"))) chosen.push_back(&store.get(kind, id));
  if (!chosen.empty()) return chosen;
  for (const auto& [position, record] : store.table(kind).order()) {
    if (!record->spoiled) chosen.push_back(record);
  }
  const std::size_t count = std::min(chosen.size(), static_cast<std::size_t>(std::max(fault.remaining, 1)));
  for (std::size_t i = 0; i < count; ++i) std::swap(chosen[i], chosen[i + random.below(chosen.size() - i)]);
  chosen.resize(count);
  return chosen;
}

template <Spoil spoil>
void spoil_objects(ArmedFault& fault, Store& store, Random& random) {
  const Kind kind = table_of_target(fault);
  for (const Record* record : victims(fault, kind, store, random)) {
    store.spoil(kind, record->id, spoil(kind, Json::parse(record->text), fault.parameters), fault.number);
    fault.objects.emplace_back(kind, record->id);
  }
}

void add_unknown_events(ArmedFault& fault, Store& store, Random&) {
  const std::string name = fault.parameters.text("name", "starship.launched");
  for (int i = 0; i < std::max(fault.remaining, 1); ++i) {
    const Json data{{"object", "starship"}, {"id", "starship_" + std::to_string(i)}, {"crew", {1, 2, 3}}};
    store.events().append(name, data.dump(), "", store.now(), {}, fault.number);
  }
}

constexpr std::array kinds{
    FaultKind{.name = "unknown-event",
              .description = "events of a name that nobody has heard of (name)",
              .on_arm = add_unknown_events},
    FaultKind{.name = "unknown-field",
              .description = "objects with a member that is not documented",
              .on_arm = spoil_objects<add_field>},
    FaultKind{.name = "unknown-status",
              .description = "objects with an enumeration value that is not documented",
              .on_arm = spoil_objects<strange_status>},
    FaultKind{.name = "null-text",
              .description = "objects with null where text is promised (field)",
              .on_arm = spoil_objects<null_for_text>},
    FaultKind{.name = "nul",
              .description = "objects with an escaped NUL in a text (field)",
              .on_arm = spoil_objects<with_nul>},
    FaultKind{.name = "lone-surrogate",
              .description = "objects with half a surrogate pair in a text (field)",
              .on_arm = spoil_objects<with_lone_surrogate>},
    FaultKind{.name = "missing-id", .description = "objects without id", .on_arm = spoil_objects<without_id>},
    FaultKind{.name = "wrong-type-item",
              .description = "something else where an object should be (item=42)",
              .on_arm = spoil_objects<wrong_type>},
    FaultKind{.name = "deep-nesting",
              .description = "objects with arrays in arrays (depth=2000)",
              .on_arm = spoil_objects<nested>},
    FaultKind{.name = "bad-timestamp",
              .description = "objects with an unreadable time (field=updated_at)",
              .on_arm = spoil_objects<unreadable_time>},
    FaultKind{.name = "huge-number",
              .description = "a number in metadata that no database holds (value=1e999999)",
              .on_arm = spoil_objects<huge_number>},
};

}  // namespace

std::span<const FaultKind> spoiling_faults() {
  return kinds;
}

}  // namespace mirror::simulator
