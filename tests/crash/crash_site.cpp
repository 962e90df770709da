#include "tests/crash/crash_site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "model/streams.hpp"
#include "tests/harness/truth_comparison.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/simulator/changes.hpp"

namespace mirror::crash {
namespace {

using simulator::Changes;
using simulator::Kind;

/// Enough pages, slow enough, that most moments of a sync lie within its walks.
simulator::SimulatorOptions directory_of(std::uint64_t seed) {
  return {.directory = {.organizations = 60, .users = 6'000, .memberships = 7'500, .invitations = 1'500, .seed = seed},
          .latency = std::chrono::milliseconds{2}};
}

/// Entries that can't follow each other for one row; the first load leaves no entries per row.
constexpr const char* contradictions = R"sql(
  SELECT table_name, id, before_that, op
  FROM (
    SELECT table_name, id, op, lag(op) OVER (PARTITION BY table_name, id ORDER BY seq) AS before_that
    FROM workos.changes
    WHERE id IS NOT NULL AND op <> 'late'
  ) AS entry
  WHERE (op = 'insert' AND before_that IS NOT NULL)
     OR (op = 'revive' AND before_that <> 'delete')
     OR (op IN ('update', 'delete') AND before_that = 'delete')
  LIMIT 20
)sql";

}  // namespace

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

std::uint64_t seed_of_this_run() {
  const std::uint64_t seed = number_from("AUTHKIT_MIRROR_CRASH_SEED", std::random_device{}());
  std::cout << "AUTHKIT_MIRROR_CRASH_SEED=" << seed << std::endl;  // flushed: a hanging run has to show it too
  return seed;
}

CrashSite::CrashSite(std::uint64_t seed, Walks walks)
    : CrashSite(seed, directory_of(seed), harness::Fsync::on, walks) {}

CrashSite::CrashSite(std::uint64_t seed, const simulator::SimulatorOptions& directory, harness::Fsync fsync,
                     Walks walks)
    : random_(seed), walks_(walks), workos_(directory), cluster_(fsync) {
  workos_.start();
  begin_new_mirror();
}

void CrashSite::begin_new_mirror() {
  database_.reset();
  database_ = std::make_unique<harness::TestDatabase>(cluster_.url(), harness::Content::nothing);
  ledger_.begin_anew();
}

void CrashSite::change_directory() {
  const std::uint64_t seed = random_();
  workos_.with([&](simulator::World& world) {
    Changes changes(world.store, seed);
    changes.create(Kind::organizations, 1);
    changes.create(Kind::users, 15);
    changes.create(Kind::organization_memberships, 20);
    changes.create(Kind::invitations, 5);
    changes.update(Kind::organizations, 3);
    changes.update(Kind::users, 40);
    changes.update(Kind::organization_memberships, 30);
    changes.update(Kind::invitations, 5);
    changes.sign_in(40);
    changes.erase(Kind::users, 10);
    changes.erase(Kind::organization_memberships, 10);
    changes.erase(Kind::invitations, 3);
    changes.erase(Kind::organizations, 1);
  });
}

harness::ChildProcess CrashSite::start(std::vector<std::string> arguments, std::vector<std::string> environment) const {
  arguments.insert(arguments.begin(), MIRROR_PROGRAM);
  // The limits are another test's matter: here they would stop the directory from following the truth.
  for (const char* setting :
       {"api.max_requests_per_second=100000", "brake.max_percent=100", "brake.max_count=1000000"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  if (walks_ == Walks::one_by_one) arguments.insert(arguments.end(), {"--set", "sync.parallel=1"});
  environment.insert(environment.end(),
                     {"WORKOS_BASE_URL=" + workos_.url(), "WORKOS_API_KEY=" + workos_.options().api_key,
                      "DATABASE_URL=" + database_->url()});
  return harness::ChildProcess(arguments, {.output = logs_.path() / "log", .environment = environment});
}

void CrashSite::sync_undisturbed() {
  const int code = start({"sync"}).wait();
  if (code != 0) throw std::runtime_error(fmt::format("an undisturbed sync ended with {}:\n{}", code, end_of_log()));
}

std::vector<std::string> CrashSite::enter_reads() {
  await_end_of_sessions();
  const auto pages = workos_.with([](simulator::World& world) {
    auto served = world.log.pages_in_order();
    world.log.clear();
    return served;
  });
  if (!is_migrated() || walks_ == Walks::side_by_side) return {};
  return ledger_.enter(*database_, pages, [this](const std::string& id) { return exists(id); });
}

std::size_t CrashSite::requests() {
  return workos_.with([](simulator::World& world) { return world.log.count("GET", "/"); });
}

bool CrashSite::is_migrated() {
  return database_->value("SELECT to_regclass('workos.snapshots')") != "NULL";
}

bool CrashSite::has_running_snapshot() {
  return is_migrated() && database_->count("SELECT count(*) FROM workos.snapshots WHERE state = 'running'") > 0;
}

/// A killed client's session may still be at work, even at its commit.
void CrashSite::await_end_of_sessions() {
  const auto is_silent = [this] {
    return database_->count(
               "SELECT count(*) FROM pg_stat_activity "
               "WHERE application_name LIKE 'authkit-mirror %' AND pid <> pg_backend_pid()") == 0;
  };
  if (!harness::wait_until(is_silent)) throw std::runtime_error("a session of a dead process does not end");
}

bool CrashSite::exists(const std::string& id) {
  return workos_.with([&](simulator::World& world) {
    return std::ranges::any_of(simulator::all_kinds, [&](Kind kind) { return world.store.find(kind, id) != nullptr; });
  });
}

std::vector<std::string> CrashSite::problems(bool directory_was_still) {
  std::vector<std::string> all = feed_problems();
  for (const TableSpec* table : all_tables()) {
    const auto found = harness::differences(*database_, *table, workos_.truth(table->name));
    all.insert(all.end(), found.begin(), found.end());
  }
  if (directory_was_still) {
    const auto found = miscounts();
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

std::vector<std::string> CrashSite::feed_problems() {
  std::vector<std::string> all;
  const auto feed = database_->rows(
      "SELECT count(*), COALESCE(max(seq), 0), COALESCE(min(seq), 1), (SELECT feed_seq FROM workos.lease) "
      "FROM workos.changes");
  const auto& numbers = feed.at(0);
  if (numbers[0] != numbers[1] || numbers[0] != numbers[3] || numbers[2] != "1") {
    all.push_back(fmt::format("the change feed has {} entries numbered {} to {}, and the lease says {}", numbers[0],
                              numbers[2], numbers[1], numbers[3]));
  }
  for (const auto& row : database_->rows(contradictions)) {
    all.push_back(fmt::format("the change feed says of {} {} first {}, then {}", row[0], row[1], row[2], row[3]));
  }
  for (const auto& row : database_->rows("SELECT table_name FROM workos.changes WHERE op = 'snapshot' "
                                         "GROUP BY table_name HAVING count(*) > 1")) {
    all.push_back(fmt::format("the change feed tells of two first loads of {}", row[0]));
  }
  return all;
}

/// A page that was stored but whose progress was not, or the other way round, would be counted twice or never.
std::vector<std::string> CrashSite::miscounts() {
  std::vector<std::string> all;
  for (const StreamSpec* stream : all_streams()) {
    if (!stream->scope_table.empty()) continue;  // lists of organizations may be read once more for their proof
    const auto listed = workos_.truth(stream->name).size();
    const auto counted = database_->count(
        fmt::format("SELECT rows FROM workos.snapshots WHERE stream = '{}' ORDER BY id DESC LIMIT 1", stream->name));
    if (static_cast<std::size_t>(counted) == listed) continue;
    all.push_back(fmt::format("the last snapshot of {} counted {} rows of {}", stream->name, counted, listed));
  }
  return all;
}

std::chrono::microseconds CrashSite::random_moment(std::chrono::microseconds limit) {
  return std::chrono::microseconds{std::uniform_int_distribution<std::int64_t>{0, limit.count()}(random_)};
}

bool CrashSite::chance(double probability) {
  return std::bernoulli_distribution{probability}(random_);
}

std::string CrashSite::end_of_log() const {
  std::ifstream in(logs_.path() / "log");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 4'000));
}

}  // namespace mirror::crash
