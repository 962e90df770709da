#include "tests/bench/bench_site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "tests/bench/keep_alive.hpp"
#include "tests/bench/raw_copy.hpp"
#include "tests/harness/wait_until.hpp"

namespace mirror::bench {
namespace {

constexpr const char* api_key = "sk_test_simulator";

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Its own, since its exec. What wait4 tells is at least what this process held when it forked.
double peak_mebibytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  const std::string mark = "VmHWM:";
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(mark)) return std::stod(line.substr(mark.size())) / 1024;
  }
  throw std::runtime_error("the daemon's memory can't be read");
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

BenchSource::BenchSource(std::size_t users, std::size_t organizations, std::size_t memberships,
                         const std::vector<std::string>& further) {
  const auto log = logs_.path() / "simulator.log";
  std::vector<std::string> arguments{SIMULATOR_PROGRAM,
                                     "--users",
                                     std::to_string(users),
                                     "--organizations",
                                     std::to_string(organizations),
                                     "--memberships",
                                     std::to_string(memberships),
                                     "--api-key",
                                     api_key};
  arguments.insert(arguments.end(), further.begin(), further.end());
  if (std::ranges::find(further, "--invitations") == further.end()) {
    arguments.insert(arguments.end(), {"--invitations", "0"});
  }
  process_ = std::make_unique<harness::ChildProcess>(arguments, harness::ChildOptions{.output = log});
  const std::string announcement = "listening on ";
  const auto is_listening = [&] {
    const std::string text = content_of(log);
    const auto found = text.find(announcement);
    const auto end = text.find('\n', found);
    if (found == std::string::npos || end == std::string::npos) return false;
    url_ = text.substr(found + announcement.size(), end - found - announcement.size());
    return true;
  };
  if (!harness::wait_until(is_listening, std::chrono::seconds{120})) {
    throw std::runtime_error("the simulator does not start:\n" + content_of(log));
  }
}

std::string BenchSource::control(std::string_view method, std::string_view target, std::string_view body) const {
  KeepAlive connection(port());
  return ask(connection, method, target, body);
}

void BenchSource::forget_requests() const {
  control("POST", "/_simulator/reset-counters");
}

RequestCounts BenchSource::requests() const {
  RequestCounts counts;
  const auto all = nlohmann::json::parse(control("GET", "/_simulator/requests")).at("requests");
  for (const auto& [what, count] : all.items()) {
    counts.all += count.get<double>();
    if (what.ends_with(" 429")) counts.refused += count.get<double>();
  }
  return counts;
}

int BenchSource::port() const {
  return std::stoi(url_.substr(url_.rfind(':') + 1));
}

BenchDaemon::BenchDaemon(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                         std::filesystem::path log)
    : log_(std::move(log)), process_(arguments, {.output = log_, .environment = environment}) {}

int BenchDaemon::port() {
  const std::string mark = "health at http://127.0.0.1:";
  const auto is_listening = [&] { return content_of(log_).find(mark) != std::string::npos; };
  if (!harness::wait_until(is_listening)) throw std::runtime_error("the daemon does not listen:\n" + content_of(log_));
  const std::string text = content_of(log_);
  return std::stoi(text.substr(text.rfind(mark) + mark.size()));
}

std::pair<double, double> BenchDaemon::end() {
  const double peak = peak_mebibytes(process_.pid());
  process_.signal(SIGTERM);
  if (process_.wait() != 0) throw std::runtime_error("the daemon did not end well:\n" + content_of(log_));
  const rusage& usage = process_.usage();
  return {seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime), peak};
}

BenchMirror::BenchMirror(const BenchSource& source)
    : source_(source),
      cluster_(is_quick ? harness::Fsync::off : harness::Fsync::on),
      database_(cluster_.url(), harness::Content::nothing) {
  run_program({"migrate"}, nullptr);
  if (!is_quick) fill_log();
}

/// A server that has run for a while writes into segments of the log that it used before; a new one has to make them
/// first, which would be counted for whatever is measured before the raw COPY.
void BenchMirror::fill_log() {
  database_.execute("CREATE TABLE filling AS SELECT repeat('x', 900) FROM generate_series(1, 600000)");
  database_.execute("DROP TABLE filling");
  settle();
}

Cost BenchMirror::sync(const std::vector<std::string>& streams, double share) {
  std::vector<std::string> arguments{"sync", "--set", fmt::format("api.max_requests_per_second={}", share)};
  for (const StreamSpec* stream : all_streams()) {
    if (std::ranges::find(streams, stream->name) != streams.end()) continue;
    arguments.insert(arguments.end(), {"--set", fmt::format("streams.{}.enabled=false", stream->name)});
  }
  rusage usage{};
  const CostMeter meter(*this);
  run_program(arguments, &usage);
  Cost cost = meter.read();
  cost.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  cost.peak_mebibytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return cost;
}

double BenchMirror::fewest_requests(const std::vector<std::string>& streams) {
  double requests = 0;
  for (const auto& stream : streams) {
    const std::string lists = find_stream(stream)->scope_column.empty()
                                  ? "SELECT count(*) AS rows FROM workos." + stream + "_live"
                                  : "SELECT count(*) AS rows FROM workos." + stream + "_live GROUP BY organization_id";
    requests += static_cast<double>(
        database_.count("SELECT coalesce(sum((rows + 99) / 100), 0) FROM (" + lists + ") AS lists"));
  }
  return requests;
}

void BenchMirror::settle() {
  const db::Connection connection = database_.connect("bench");
  connection.raw().send("VACUUM ANALYZE");
  connection.raw().send("CHECKPOINT");
}

double BenchMirror::seconds_of_raw_copy(const std::string& table) {
  double seconds = 0;
  for (const auto& part : database_.rows(
           fmt::format("SELECT oid::regclass FROM pg_class WHERE oid = 'workos.{0}'::regclass AND relkind = 'r' "
                       "UNION ALL SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'workos.{0}'::regclass",
                       table))) {
    seconds += bench::seconds_of_raw_copy(database_.url(), part[0], scratch_.path());
  }
  return seconds;
}

double BenchMirror::seconds_of_raw_copy_of_events() {
  return seconds_of_raw_copy("events") + seconds_of_raw_copy("changes");
}

std::int64_t BenchMirror::count(const std::string& table) {
  return database_.count("SELECT count(*) FROM workos." + table + "_live");
}

std::unique_ptr<BenchDaemon> BenchMirror::start_daemon(const std::vector<std::string>& settings) {
  std::vector<std::string> arguments{MIRROR_PROGRAM, "run"};
  std::vector<std::string> all{"api.max_requests_per_second=1000000", "http.listen=127.0.0.1:0",
                               "brake.max_count=1000000000", "brake.max_percent=100"};
  for (const StreamSpec* stream : all_streams())
    all.push_back(fmt::format("streams.{}.sweep_interval=365d", stream->name));
  all.insert(all.end(), settings.begin(), settings.end());
  for (const auto& setting : all) arguments.insert(arguments.end(), {"--set", setting});
  const auto log = scratch_.path() / "daemon.log";
  std::filesystem::remove(log);
  return std::make_unique<BenchDaemon>(arguments, environment(), log);
}

std::vector<std::string> BenchMirror::environment() const {
  return {"WORKOS_BASE_URL=" + source_.url(), std::string("WORKOS_API_KEY=") + api_key,
          "DATABASE_URL=" + database_.url(), std::string("WORKOS_WEBHOOK_SECRET=") + webhook_secret};
}

void BenchMirror::run_program(std::vector<std::string> arguments, rusage* usage) {
  arguments.insert(arguments.begin(), MIRROR_PROGRAM);
  const auto log = scratch_.path() / "log";
  harness::ChildProcess process(arguments, {.output = log, .environment = environment()});
  if (const int code = process.wait(); code != 0) {
    throw std::runtime_error(
        fmt::format("{} {} ended with {}:\n{}", arguments[0], arguments[1], code, content_of(log)));
  }
  if (usage != nullptr) *usage = process.usage();
}

DatabaseUse BenchMirror::database_use() {
  return {.cpu_seconds = cluster_.cpu_seconds(),
          .wal_bytes = std::stod(database_.value("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))};
}

CostMeter::CostMeter(BenchMirror& mirror) : mirror_(mirror) {
  mirror.source().forget_requests();
  before_ = mirror.database_use();
  began_ = std::chrono::steady_clock::now();
}

Cost CostMeter::read() const {
  Cost cost;
  cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  const DatabaseUse now = mirror_.database_use();
  cost.database = {.cpu_seconds = now.cpu_seconds - before_.cpu_seconds,
                   .wal_bytes = now.wal_bytes - before_.wal_bytes};
  cost.requests = mirror_.source().requests();
  return cost;
}

}  // namespace mirror::bench
