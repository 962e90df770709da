#include "http/mirror_metrics.hpp"

#include <array>

#include "model/streams.hpp"

namespace mirror::http {
namespace {

using Kind = Sample::Kind;

constexpr std::array drift_causes{"no_event", "in_flight", "missed_event", "unknown"};

class Collector {
 public:
  explicit Collector(const db::MirrorOverview& overview) : overview_(overview) {}

  std::vector<Sample> collect() && {
    add_certificates();
    add_holds();
    add_quarantine();
    add_drift();
    add_lease();
    return std::move(samples_);
  }

 private:
  void add(const char* name, const char* help, std::vector<std::pair<std::string, std::string>> labels, double value,
           Kind kind = Kind::gauge) {
    samples_.push_back({name, help, kind, std::move(labels), value});
  }

  void add_certificates() {
    std::map<std::string, std::int64_t> newest;  // the snapshots come newest first
    for (const db::SnapshotOverview& snapshot : overview_.snapshots) {
      if (snapshot.state == "certified") newest.try_emplace(snapshot.stream, snapshot.counts.rows);
    }
    for (const auto& [stream, rows] : newest) {
      add("certified_rows", "Objects that the last certified snapshot of the stream listed.", {{"stream", stream}},
          static_cast<double>(rows));
    }
  }

  /// Also where there is none: a series that begins at 0 shows its first change.
  void add_holds() {
    std::map<std::string_view, double> open;
    std::map<std::string_view, double> rows;
    for (const db::HoldRecord& hold : overview_.holds) {
      ++open[hold.stream];
      rows[hold.stream] += static_cast<double>(hold.deletions + hold.cascades);
    }
    for (const TableSpec* table : all_tables()) {
      add("open_holds", "Sets of deletions that wait for a person.", {{"table", std::string{table->name}}},
          open[table->name]);
    }
    for (const TableSpec* table : all_tables()) {
      add("held_rows", "Rows that approving the open holds would delete, children included.",
          {{"table", std::string{table->name}}}, rows[table->name]);
    }
  }

  void add_quarantine() {
    for (const TableSpec* table : all_tables()) {
      const auto place = overview_.quarantine.find(std::string{table->name});
      add("quarantined_objects", "Objects that could not be decoded or stored.", {{"table", std::string{table->name}}},
          place == overview_.quarantine.end() ? 0 : static_cast<double>(place->second));
    }
    add("quarantined_events", "Events that could not be applied.", {},
        static_cast<double>(overview_.quarantined_events));
  }

  void add_drift() {
    std::map<std::pair<std::string_view, std::string_view>, double> rows;
    for (const TableSpec* table : all_tables()) {
      for (const char* cause : drift_causes) rows[{table->name, cause}] = 0;
    }
    for (const db::DriftCount& drift : overview_.drift) {
      rows[{drift.table, drift.cause}] = static_cast<double>(drift.rows);
    }
    for (const auto& [key, count] : rows) {
      add("drift_rows_total", "Rows that sweeps corrected although events were followed, by cause.",
          {{"table", std::string{key.first}}, {"cause", std::string{key.second}}}, count, Kind::counter);
    }
  }

  void add_lease() {
    if (!overview_.lease) return;
    const db::LeaseState& lease = *overview_.lease;
    add("lease_held", "1 if a process holds the right to write, this one or another.", {},
        lease.holder.empty() ? 0 : 1);
    add("lease_token", "The lease's fencing token; it grows with every takeover.", {},
        static_cast<double>(lease.token));
    add("lease_heartbeat_age_seconds", "How long ago the lease's holder gave a sign of life.", {},
        lease.heartbeat_age_seconds);
  }

  const db::MirrorOverview& overview_;
  std::vector<Sample> samples_;
};

}  // namespace

std::vector<Sample> mirror_samples(const sync::StatusBoard& board) {
  const auto reading = board.overview();
  if (!reading) return {};
  return Collector(reading->overview).collect();
}

}  // namespace mirror::http
