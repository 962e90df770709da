#include "sync/engine.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <mutex>
#include <random>
#include <utility>

#include "db/migrator.hpp"
#include "db/mirror_tables.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "support/backoff.hpp"
#include "support/log.hpp"
#include "sync/command_handover.hpp"
#include "sync/command_inbox.hpp"
#include "sync/command_text.hpp"
#include "sync/command_work.hpp"
#include "sync/environment_guard.hpp"
#include "sync/event_delivery.hpp"
#include "sync/health_findings.hpp"
#include "sync/lease_period.hpp"
#include "sync/person_erasure.hpp"
#include "sync/stop_guard.hpp"

namespace mirror::sync {
namespace {

constexpr std::chrono::milliseconds first_rest{500};
constexpr std::chrono::milliseconds longest_rest{30'000};
/// Only a person can help, by a restart or elsewhere: it is tried again in case of the latter.
constexpr std::chrono::minutes first_hopeless_rest{1};
constexpr std::chrono::minutes longest_hopeless_rest{15};
constexpr const char* hopeless_code = "can_not_start";
/// A standby looks at the lease this often, so that it takes over within a second (rule R11).
constexpr std::chrono::milliseconds lease_poll{400};
constexpr std::chrono::seconds findings_interval{5};
/// A period that lasted this long was no failure to start.
constexpr std::chrono::minutes settled_after{2};

/// Unique per process start: who holds the lease. Short enough for PostgreSQL's application_name.
std::string make_instance() {
  char host[256] = "host";
  gethostname(host, sizeof host - 1);
  std::random_device random;
  return fmt::format("{:.15}:{}:{:08x}", host, getpid(), random());
}

/// The stream loops tell of their own troubles: outside of them, only the environment is asked for at the API.
bool is_from_api(const Error& error) {
  return dynamic_cast<const EnvironmentUnknown*>(&error) != nullptr;
}

/// Waiting helps nobody: the first start ends with such an error, so that whoever started it sees it at once.
bool needs_a_person(const Error& error) {
  return error.fault() == Fault::misconfigured || error.fault() == Fault::bug ||
         (error.fault() == Fault::refused && !is_from_api(error));
}

}  // namespace

Engine::Engine(db::DatabaseOptions database, const SyncOptions& options, const WorkosApi& api, Clock& clock,
               StatusBoard& board)
    : database_(std::move(database)),
      environment_(options.environment),
      options_(options),
      api_(api),
      clock_(clock),
      board_(board),
      lease_(environment_, make_instance(), options.lease_ttl) {}

void Engine::run(const std::stop_token& stop, HopelessStart hopeless) {
  Backoff backoff(first_rest, longest_rest);
  Backoff long_backoff(first_hopeless_rest, longest_hopeless_rest);
  while (!stop.stop_requested()) {
    const auto began = clock_.now();
    try {
      run_period(stop);
    } catch (const Error& error) {
      if (stop.stop_requested()) break;
      if (needs_a_person(error) && !was_running_) {
        if (hopeless == HopelessStart::ends_run) throw;
        rest_hopeless(error, first_hopeless_rest + long_backoff.next(), stop);
        continue;
      }
      if (clock_.now() - began > settled_after) backoff.reset();
      wait_out(
          error,
          error.fault() == Fault::lease_lost ? Clock::Duration::zero() : Clock::Duration(first_rest + backoff.next()),
          stop);
    }
  }
  board_.set_role(Role::stopping);
  board_.retire_loop("engine");
}

void Engine::run_period(const std::stop_token& stop) {
  board_.finished_iteration("engine", longest_request);
  db::Connection connection(database_, "control", lease_.instance());
  const StopGuard guard(connection.canceller(), "control connection", stop);
  prepare_schema(connection, true);
  board_.set_database_ready(true);
  board_.clear("database_away");
  if (!wait_for_lease(connection, stop)) return;
  run_lease_period(connection, stop);
  lease_.release(connection);
}

void Engine::run_lease_period(db::Connection& connection, const std::stop_token& stop) {
  LeasePeriod period(db::Connection(database_, "writer", lease_.instance()), lease_, api_, options_, clock_, board_,
                     stop);
  try {
    period.require_same_environment();
    board_.clear("api_away");
    board_.clear("api_refused");
    board_.clear(hopeless_code);
    board_.set_role(Role::writer);
    was_running_ = true;
    period.start();
    keep_house(period, connection);
  } catch (const Error&) {
    period.rethrow_failure();
    throw;
  }
  period.rethrow_failure();
}

void Engine::prepare_schema(db::Connection& connection, bool may_migrate) const {
  db::Migrator migrator(connection);
  if (database_.migrate && may_migrate) {
    migrator.migrate();
  } else {
    migrator.require_current();
  }
}

bool Engine::wait_for_lease(db::Connection& connection, const std::stop_token& stop) {
  bool announced = false;
  while (!lease_.try_acquire(connection)) {
    if (!std::exchange(announced, true)) stand_by();
    board_.finished_iteration("engine", longest_request);
    refresh_findings(connection, options_.get(), board_);
    if (!clock_.wait_for(lease_poll, stop)) return false;
  }
  require_known_schema(connection);
  log::info("holding the lease of environment '{}' with token {}", environment_, lease_.token());
  return true;
}

/// A newer version may have migrated while this one stood by; what comes later is fenced by the token.
void Engine::require_known_schema(db::Connection& connection) {
  try {
    db::Migrator(connection).require_current();
  } catch (const Error&) {
    lease_.release(connection);
    throw;
  }
}

/// A running daemon needs no key from who asks it.
void Engine::require_key(db::Connection& connection) {
  if (api_.has_key) return;
  lease_.release(connection);
  throw Error(
      Fault::misconfigured,
      fmt::format("no daemon writes environment '{}', so this command has to ask WorkOS itself, and there is no "
                  "API key",
                  environment_),
      "Start the daemon, or give this command the key: WORKOS_API_KEY, or a file named by api.key_file.");
}

void Engine::stand_by() {
  log::info("another process writes environment '{}': standing by", environment_);
  board_.set_role(Role::standby);
  // What troubled this process as the writer is the other one's to tell.
  board_.clear(hopeless_code);
  for (const auto* stream : all_streams()) {
    for (const auto* code : {"stream_refused", "stream_failed", "snapshot_uncertified"})
      board_.clear(code, stream->name);
  }
}

/// The quiet work beside the loops: commands, findings, the lease's end.
void Engine::keep_house(LeasePeriod& period, db::Connection& connection) {
  {
    const std::unique_lock lock(mutex_);
    period_ = &period;
  }
  const auto stop = period.stop_token();
  {
    CommandInbox inbox(period);
    const db::CommandStore commands(environment_);
    auto refresh_at = clock_.now();
    try {
      do {
        {
          db::Transaction transaction(connection);
          const auto waiting = commands.read_waiting(transaction);
          transaction.commit();
          inbox.poll(waiting);
        }
        if (clock_.now() >= refresh_at) {
          refresh_findings(connection, options_.get(), board_);
          refresh_at = clock_.now() + findings_interval;
        }
        board_.finished_iteration("engine", longest_request);
      } while (clock_.wait_for(command_poll, stop));
    } catch (...) {
      const std::unique_lock lock(mutex_);
      period_ = nullptr;
      throw;
    }
  }
  const std::unique_lock lock(mutex_);
  period_ = nullptr;
}

void Engine::wait_out(const Error& error, Clock::Duration rest, const std::stop_token& stop) {
  if (error.fault() == Fault::lease_lost) {
    log::warn("{}; standing by", error.what());
  } else {
    log::warn("{}; trying again in {} ms", error.what(),
              std::chrono::duration_cast<std::chrono::milliseconds>(rest).count());
    const char* away = error.fault() == Fault::refused ? "api_refused" : "api_away";
    board_.set_database_ready(is_from_api(error));
    board_.raise(is_from_api(error) ? away : "database_away", "", Severity::failing, error.what(),
                 error.next_step().empty() ? "it is tried again by itself" : error.next_step());
  }
  board_.set_role(Role::starting);
  board_.finished_iteration("engine", longest_request);
  clock_.wait_for(rest, stop);
}

void Engine::rest_hopeless(const Error& error, Clock::Duration rest, const std::stop_token& stop) {
  log::error("environment '{}' can't start: {}. {}; trying again in {} s", environment_, error.what(),
             error.next_step(), std::chrono::duration_cast<std::chrono::seconds>(rest).count());
  board_.set_database_ready(false);
  board_.raise(hopeless_code, "", Severity::failing, error.what(),
               error.next_step().empty() ? "look at the log" : error.next_step());
  board_.set_role(Role::starting);
  board_.finished_iteration("engine", rest + longest_request);
  clock_.wait_for(rest, stop);
}

void Engine::reconfigure(const SyncOptions& options) {
  options_.reload(options);
  // Shared: deliveries that wait for their commit one after the other would never let a writer of the period pass.
  const std::shared_lock lock(mutex_);
  if (period_ == nullptr) return;
  for (const auto& loop : period_->loops()) {
    const auto found = options.streams.find(loop->stream().name);
    loop->reconfigure(found == options.streams.end() ? StreamOptions{} : found->second);
  }
}

std::vector<StreamResult> Engine::sync(const std::stop_token& stop) {
  return read_stream_results(perform(
      "sync", "{}", [](LeasePeriod& period, const std::string&) { return to_json(period.run_pass()); }, stop));
}

HoldOutcome Engine::approve(int hold, const std::string& decided_by, const std::stop_token& stop) {
  return read_hold_outcome(perform("approve", hold_arguments(hold, decided_by), stop));
}

HoldOutcome Engine::discard(int hold, const std::string& decided_by, const std::stop_token& stop) {
  return read_hold_outcome(perform("discard", hold_arguments(hold, decided_by), stop));
}

ReplayOutcome Engine::retry_events(const std::stop_token& stop) {
  return read_replay_outcome(perform("retry", "{}", stop));
}

ReplayOutcome Engine::replay_events(Instant since, const std::stop_token& stop) {
  return read_replay_outcome(perform("replay", replay_arguments(since), stop));
}

void Engine::restart_tail(const std::stop_token& stop) {
  perform("restart_tail", "{}", stop);
}

/// The long search is made here and beside the running mirror; the holder of the lease removes what was found at once.
db::Erasure Engine::erase(const std::string& user, const std::string& erased_by, bool is_live_allowed,
                          const std::stop_token& stop) {
  auto patient = database_;
  patient.statement_timeout = std::chrono::milliseconds::zero();
  db::Connection connection(patient, "erase", lease_.instance());
  const StopGuard guard(connection.canceller(), "search of an erasure", stop);
  prepare_schema(connection, false);
  db::Transaction transaction(connection);
  transaction.run("SET TRANSACTION READ ONLY");
  require_users_id(transaction, environment_, user);
  if (!is_live_allowed) require_gone(api_.directory, user, stop);
  const auto found = db::find_traces(transaction, environment_, user);
  transaction.commit();
  return read_erasure(perform("erase", erasure_arguments(found, erased_by), stop));
}

Delivery Engine::deliver(std::string_view body) {
  // Shared: the period can't end while a delivery waits for its commit.
  const std::shared_lock lock(mutex_);
  if (period_ == nullptr || period_->stop_token().stop_requested()) return Delivery::unavailable;
  return deliver_event(period_->session(), period_->tail(), body, period_->stop_token());
}

std::size_t Engine::queued_jobs() const {
  const std::shared_lock lock(mutex_);
  return period_ == nullptr ? 0 : period_->session().writer.queued_jobs();
}

std::string Engine::perform(const std::string& kind, const std::string& arguments, const std::stop_token& stop) {
  return perform(kind, arguments, find_command_work(kind), stop);
}

std::string Engine::perform(const std::string& kind, const std::string& arguments, const Work& work,
                            const std::stop_token& stop) {
  db::Connection connection(database_, "control", lease_.instance());
  const StopGuard guard(connection.canceller(), "control connection", stop);
  // A small decision should not stop an older daemon for good, as a migration does; nor should what can't work itself.
  prepare_schema(connection, kind == "sync" && api_.has_key);
  CommandHandover handover(connection, environment_, lease_.instance(), options_.get().lease_ttl, clock_, board_);
  while (true) {
    if (lease_.try_acquire(connection)) {
      require_key(connection);
      require_known_schema(connection);
      auto result = perform_here(work, arguments, stop);
      lease_.release(connection);
      return result;
    }
    log::info("a daemon writes environment '{}': asking it to do this", environment_);
    if (auto result = handover.ask(kind, arguments, stop)) return *result;
  }
}

std::string Engine::perform_here(const Work& work, const std::string& arguments, const std::stop_token& stop) {
  LeasePeriod period(db::Connection(database_, "writer", lease_.instance()), lease_, api_, options_, clock_, board_,
                     stop);
  try {
    period.require_same_environment();
    board_.set_role(Role::writer);
    auto result = work(period, arguments);
    period.rethrow_failure();
    return result;
  } catch (const Error&) {
    period.rethrow_failure();
    throw;
  }
}

}  // namespace mirror::sync
