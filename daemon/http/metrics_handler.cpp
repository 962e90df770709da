#include "http/metrics_handler.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include "http/event_metrics.hpp"
#include "http/mirror_metrics.hpp"
#include "support/version.hpp"

namespace mirror::http {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr const char* prefix = "authkit_mirror_";

MetricFamily family(const std::string& name, const std::string& help, MetricType type) {
  MetricFamily made;
  made.name = prefix + name;
  made.help = help;
  made.type = type;
  return made;
}

void add(MetricFamily& to, const Labels& labels, double value) {
  ClientMetric metric;
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  if (to.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  to.metric.push_back(std::move(metric));
}

MetricFamily single(const std::string& name, const std::string& help, const Labels& labels, double value) {
  MetricFamily made = family(name, help, MetricType::Gauge);
  add(made, labels, value);
  return made;
}

double seconds(Instant instant) {
  return static_cast<double>(instant.microseconds) / static_cast<double>(microseconds_per_second);
}

MetricFamily role_family(sync::Role current) {
  MetricFamily roles = family("role", "1 for the role that this process has now, 0 for the others.", MetricType::Gauge);
  for (const sync::Role role : {sync::Role::starting, sync::Role::standby, sync::Role::writer, sync::Role::stopping}) {
    add(roles, {{"role", std::string{to_string(role)}}}, role == current ? 1 : 0);
  }
  return roles;
}

struct StreamCounter {
  const char* name;
  const char* help;
  std::uint64_t sync::StreamProgress::*value;
};

constexpr std::array stream_counters{
    StreamCounter{"pages_total", "Pages read and committed.", &sync::StreamProgress::pages},
    StreamCounter{"rows_total", "Objects listed and committed.", &sync::StreamProgress::rows},
    StreamCounter{"inserted_total", "Rows new to the mirror, or alive again.", &sync::StreamProgress::inserted},
    StreamCounter{"changed_total", "Rows whose content differed.", &sync::StreamProgress::changed},
    StreamCounter{"unchanged_total", "Rows equal to the mirror.", &sync::StreamProgress::unchanged},
    StreamCounter{"stale_total", "Observations older than the mirror.", &sync::StreamProgress::stale},
    StreamCounter{"poisoned_total", "Objects put into quarantine.", &sync::StreamProgress::poisoned},
    StreamCounter{"deleted_total", "Rows deleted.", &sync::StreamProgress::deleted},
    StreamCounter{"held_total", "Deletions stopped by the brake.", &sync::StreamProgress::held},
};

void add_streams(std::vector<MetricFamily>& families, const sync::StatusBoard& board, const HealthReport& report) {
  const auto totals = board.totals();
  for (const StreamCounter& counter : stream_counters) {
    MetricFamily made = family(counter.name, counter.help, MetricType::Counter);
    for (const auto& [stream, total] : totals)
      add(made, {{"stream", stream}}, static_cast<double>(total.*counter.value));
    families.push_back(std::move(made));
  }
  MetricFamily certified = family(
      "last_certified_timestamp_seconds",
      "When the last certified snapshot of the stream ended, by the database's clock; 0: never.", MetricType::Gauge);
  MetricFamily walking = family("pass_running", "1 while the stream is being walked.", MetricType::Gauge);
  for (const auto& [stream, progress] : report.streams) {
    add(certified, {{"stream", stream}}, progress.certified_at ? seconds(*progress.certified_at) : 0);
    add(walking, {{"stream", stream}}, progress.phase == "walking" || progress.phase == "confirming" ? 1 : 0);
  }
  families.push_back(std::move(certified));
  families.push_back(std::move(walking));
}

void add_health(std::vector<MetricFamily>& families, const sync::StatusBoard& board, const HealthReport& report) {
  MetricFamily state =
      family("health", "1 for the state that /healthz answers now, 0 for the others.", MetricType::Gauge);
  using State = HealthReport::State;
  for (const State each : {State::ok, State::degraded, State::failing}) {
    add(state, {{"state", std::string{to_string(each)}}}, each == report.state ? 1 : 0);
  }
  MetricFamily findings = family("finding", "1 for each finding of /healthz.", MetricType::Gauge);
  for (const sync::Finding& finding : report.findings) {
    const char* const severity = finding.severity == sync::Severity::failing ? "failing" : "degraded";
    add(findings, {{"code", finding.code}, {"subject", finding.subject}, {"severity", severity}}, 1);
  }
  families.push_back(std::move(state));
  families.push_back(std::move(findings));
  families.push_back(
      single("findings", "Number of findings of /healthz.", {}, static_cast<double>(report.findings.size())));
  families.push_back(single("stalled_loops", "Loops that are past their deadline; more than 0 stops the watchdog.", {},
                            static_cast<double>(board.stalled_loops().size())));
}

void add_samples(std::vector<MetricFamily>& families, const std::vector<Sample>& samples) {
  for (const Sample& sample : samples) {
    if (families.empty() || families.back().name != prefix + sample.name) {
      const bool counts = sample.kind == Sample::Kind::counter;
      families.push_back(family(sample.name, sample.help, counts ? MetricType::Counter : MetricType::Gauge));
    }
    add(families.back(), sample.labels, sample.value);
  }
}

MetricFamily commit_family(const sync::CommitTimes& commits) {
  MetricFamily made =
      family("commit_duration_seconds", "How long the database took to commit a transaction.", MetricType::Histogram);
  ClientMetric metric;
  for (std::size_t i = 0; i < commits.counts.size(); ++i) {
    metric.histogram.sample_count += commits.counts[i];
    const bool bounded = i < sync::CommitTimes::bounds.size();
    metric.histogram.bucket.push_back({metric.histogram.sample_count, bounded
                                                                          ? sync::CommitTimes::bounds[i]
                                                                          : std::numeric_limits<double>::infinity()});
  }
  metric.histogram.sample_sum = commits.sum_seconds;
  made.metric.push_back(std::move(metric));
  return made;
}

/// All that is known of one environment, without its name.
std::vector<MetricFamily> families_of(const EnvironmentView& environment) {
  const sync::StatusBoard& board = *environment.board;
  const HealthReport report = environment.health->report();
  std::vector<MetricFamily> families;
  families.push_back(role_family(report.role));
  families.push_back(
      single("database_ready", "1 if database and schema are as they should be.", {}, board.database_ready() ? 1 : 0));
  add_health(families, board, report);
  add_streams(families, board, report);
  families.push_back(commit_family(board.commits()));
  add_samples(families, event_samples(board, report));
  add_samples(families, mirror_samples(board));
  if (environment.samples) add_samples(families, environment.samples());
  return families;
}

/// The samples of one name stand together, whichever environment they are of.
void add_environment(std::vector<MetricFamily>& all, std::vector<MetricFamily> more, const std::string& name) {
  for (MetricFamily& made : more) {
    for (ClientMetric& metric : made.metric) metric.label.insert(metric.label.begin(), {"environment", name});
    const auto known = std::ranges::find(all, made.name, &MetricFamily::name);
    if (known == all.end()) {
      all.push_back(std::move(made));
    } else {
      std::ranges::move(made.metric, std::back_inserter(known->metric));
    }
  }
}

/// A family without a value would be a HELP line about nothing.
void drop_empty(std::vector<MetricFamily>& families) {
  std::erase_if(families, [](const MetricFamily& each) { return each.metric.empty(); });
}

}  // namespace

void add_metrics_route(Routes& routes, const EnvironmentViews& environments) {
  auto answer = [environments](const Request&) {
    std::vector<MetricFamily> families;
    families.push_back(single("build_info", "Constant 1, with the version.", {{"version", version()}}, 1));
    for (const EnvironmentView& each : environments) add_environment(families, families_of(each), each.name);
    drop_empty(families);
    return Response{200, "text/plain; version=0.0.4; charset=utf-8", prometheus::TextSerializer{}.Serialize(families)};
  };
  routes["/metrics"] = {"GET", std::move(answer)};
}

}  // namespace mirror::http
