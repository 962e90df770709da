#include "app/erasure_receipt.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "app/text_table.hpp"

namespace mirror::app {
namespace {

/// What an erasure does not reach.
constexpr std::array limits{
    "WorkOS itself: delete the user there",
    "backups of the database and its archived WAL; a restored backup does not know of erasures after it",
    "replicas until they have replayed it, and copies made from the tables or the change feed",
    "logs and reports of other programs, lists and plans of reconciliation among them",
    "dead row versions in the database's files, until VACUUM has removed them and their space was used again",
};

bool is_repeated(const db::Erasure& erasure) {
  return erasure.first_at != erasure.erased_at;
}

}  // namespace

std::string short_hash(const std::string& hash) {
  return hash.substr(0, 12);
}

std::string receipt_text(const std::string& user, const std::string& environment, const db::Erasure& erasure) {
  std::string text = fmt::format("erased {} from the mirror of environment '{}'\n", user, environment);
  text += fmt::format("at     {}{}\n", erasure.erased_at,
                      is_repeated(erasure) ? ", not for the first time: erased since " + erasure.first_at : "");
  text += fmt::format("known  from now on only by a keyed hash, {}…\n\n", short_hash(erasure.hash));
  TextTable table({"place", "removed", "cleared"});
  for (const auto& place : erasure.places) {
    table.add({place.table, std::to_string(place.removed), std::to_string(place.cleared)});
  }
  text += erasure.places.empty() ? "nothing was found; the id will not be let in\n" : table.text();
  if (erasure.shared_addresses > 0) {
    text += fmt::format("\n{} email address(es) belong to another user too: what names only these was kept\n",
                        erasure.shared_addresses);
  }
  if (erasure.walks > 0) {
    text += fmt::format("\n{} list(s) being read stand at the id, and forget it when they are read to their end\n",
                        erasure.walks);
  }
  text += "\nnot covered:\n";
  for (const auto* limit : limits) text += fmt::format("- {}\n", limit);
  return text;
}

std::string receipt_json(const std::string& user, const std::string& environment, const db::Erasure& erasure) {
  nlohmann::json places = nlohmann::json::array();
  for (const auto& place : erasure.places) {
    places.push_back({{"table", place.table}, {"removed", place.removed}, {"cleared", place.cleared}});
  }
  const nlohmann::json receipt{{"user", user},
                               {"environment", environment},
                               {"hash", erasure.hash},
                               {"erased_at", erasure.erased_at},
                               {"first_erased_at", erasure.first_at},
                               {"repeated", is_repeated(erasure)},
                               {"places", std::move(places)},
                               {"shared_addresses", erasure.shared_addresses},
                               {"lists_being_read", erasure.walks},
                               {"not_covered", limits}};
  return receipt.dump(2) + "\n";
}

}  // namespace mirror::app
