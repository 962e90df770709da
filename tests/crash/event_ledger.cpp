#include "tests/crash/event_ledger.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "model/event_types.hpp"

namespace mirror::crash {
namespace {

constexpr std::size_t enough = 20;

class Problems {
 public:
  template <typename... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (lines_.size() < enough) lines_.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  void move_to(std::vector<std::string>& all) { all.insert(all.end(), lines_.begin(), lines_.end()); }

 private:
  std::vector<std::string> lines_;
};

struct Archived {
  std::string count;
  bool by_tail = false;
  bool by_webhook = false;
};
using Archive = std::map<std::string, Archived>;
using Log = std::map<std::string, std::string>;  ///< id to name

Archive read_archive(harness::TestDatabase& database) {
  Archive archive;
  for (const auto& row : database.rows(
           "SELECT id, count(*), bool_or(tail_at IS NOT NULL), bool_or(webhook_at IS NOT NULL) FROM workos.events "
           "GROUP BY id")) {
    archive[row[0]] = {row[1], row[2] == "t", row[3] == "t"};
  }
  return archive;
}

Log read_log(simulator::Simulator& workos) {
  return workos.with([](simulator::World& world) {
    Log log;
    const auto& events = world.store.events();
    for (std::size_t i = 0; i < events.size(); ++i) log.emplace(events.at(i).id, events.at(i).name);
    return log;
  });
}

void find_lost(const Log& log, const Archive& archive, std::vector<std::string>& all) {
  Problems problems;
  for (const auto& [id, name] : log) {
    if (find_event_type(name) == nullptr) continue;
    const auto found = archive.find(id);
    if (found == archive.end()) {
      problems.add("the event {} ({}) is not archived", id, name);
    } else if (!found->second.by_tail) {
      problems.add("the tail did not bring the event {} ({})", id, name);
    }
  }
  problems.move_to(all);
}

void find_superfluous(const Log& log, const Archive& archive, std::vector<std::string>& all) {
  Problems problems;
  for (const auto& [id, archived] : archive) {
    if (!log.contains(id)) problems.add("the archived event {} was never told", id);
    if (archived.count != "1") problems.add("the event {} is archived {} times", id, archived.count);
  }
  problems.move_to(all);
}

void find_forgotten_webhooks(const std::vector<std::string>& delivered, const Archive& archive,
                             std::vector<std::string>& all) {
  Problems problems;
  for (const auto& body : delivered) {
    const std::string id = nlohmann::json::parse(body).at("id");
    const auto found = archive.find(id);
    if (found == archive.end() || !found->second.by_webhook) problems.add("the webhook {} was answered and lost", id);
  }
  problems.move_to(all);
}

/// What should be empty once all is quiet.
void find_leftovers(harness::TestDatabase& database, std::vector<std::string>& all) {
  const auto expect_none = [&](const char* what, const char* query) {
    for (const auto& row : database.rows(query)) all.push_back(fmt::format("{}: {}", what, fmt::join(row, " ")));
  };
  expect_none("in quarantine", "SELECT id, type, error FROM workos.events WHERE error IS NOT NULL LIMIT 20");
  expect_none("in doubt", "SELECT table_name, id FROM workos.doubts LIMIT 20");
  expect_none("held", "SELECT id, stream, reason FROM workos.holds LIMIT 20");
  expect_none("twice in the change feed",
              "SELECT table_name, id, event_id, count(*) FROM workos.changes WHERE event_id IS NOT NULL "
              "GROUP BY 1, 2, 3, op = 'late' AND content IS NOT NULL HAVING count(*) > 1 LIMIT 20");
}

}  // namespace

std::vector<std::string> event_problems(harness::TestDatabase& database, simulator::Simulator& workos) {
  std::vector<std::string> all;
  const Log log = read_log(workos);
  const Archive archive = read_archive(database);
  find_lost(log, archive, all);
  find_superfluous(log, archive, all);
  find_forgotten_webhooks(workos.delivered_webhooks(), archive, all);
  find_leftovers(database, all);
  return all;
}

std::string newest_mirrored_event(simulator::Simulator& workos) {
  return workos.with([](simulator::World& world) {
    const auto& events = world.store.events();
    for (std::size_t i = events.size(); i > 0; --i) {
      if (find_event_type(events.at(i - 1).name) != nullptr) return events.at(i - 1).id;
    }
    return std::string();
  });
}

}  // namespace mirror::crash
