#include <algorithm>

#include "api/percent_encoding.hpp"
#include "tests/app/program.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"
#include "tests/crash/free_port.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using nlohmann::json;

namespace {

const std::string alerts = PROJECT_DIR "/config/prometheus-alerts.yml";
const std::string dashboard = PROJECT_DIR "/config/grafana-dashboard.json";

/// How promtool ended, and what it said.
Ending run_promtool(const Scratch& scratch, const std::string& arguments) {
  const std::string said = scratch.path() + "/promtool";
  const int code = ChildProcess({"sh", "-c", "promtool " + arguments}, {.output = said}).wait();
  std::ifstream in(said);
  return {code, {std::istreambuf_iterator<char>(in), {}}};
}

/// A real Prometheus that scrapes one daemon several times a second and has the alert rules loaded.
class Prometheus {
 public:
  explicit Prometheus(unsigned short daemon_port)
      : port_(static_cast<unsigned short>(crash::free_port(random_))),
        process_({"prometheus", "--config.file=" + configuration(daemon_port),
                  "--storage.tsdb.path=" + scratch_.path() + "/data",
                  "--web.listen-address=127.0.0.1:" + std::to_string(port_)},
                 {.output = scratch_.path() + "/log"}) {}

  /// The result of a query at this moment: empty if it found nothing.
  [[nodiscard]] json query(const std::string& expression) const {
    const json answer = get("/api/v1/query?query=" + api::percent_encoded(expression));
    INFO(expression << ": " << answer.dump());
    REQUIRE(answer.value("status", "") == "success");
    return answer["data"]["result"];
  }
  [[nodiscard]] json rules() const { return get("/api/v1/rules")["data"]["groups"]; }
  [[nodiscard]] bool has_scraped() const {
    try {
      return test::ask(port_, "GET", "/-/ready").status == 200 && !query("sum_over_time(up[1m]) > 2").empty();
    } catch (const std::runtime_error&) {
      return false;  // it does not listen yet
    }
  }

 private:
  [[nodiscard]] json get(const std::string& target) const {
    // The old version of HTTP has no chunks.
    const Answer answer = read_answer(send_raw(port_, "GET " + target + " HTTP/1.0\r\nHost: localhost\r\n\r\n"));
    return answer.status == 200 ? json::parse(answer.body) : json{{"status", "error"}, {"body", answer.body}};
  }
  [[nodiscard]] std::string configuration(unsigned short daemon_port) const {
    return scratch_.file("prometheus.yml",
                         "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
                         "rule_files: [" +
                             alerts +
                             "]\n"
                             "scrape_configs:\n"
                             "  - job_name: authkit-mirror\n"
                             "    scrape_timeout: 1s\n"
                             "    static_configs: [{targets: [\"127.0.0.1:" +
                             std::to_string(daemon_port) + "\"]}]\n");
  }

  Scratch scratch_;
  std::mt19937_64 random_{std::random_device{}()};
  unsigned short port_;
  ChildProcess process_;
};

/// What a panel asks, with Grafana's variables filled in.
std::vector<std::string> dashboard_queries() {
  std::ifstream in(dashboard);
  std::vector<std::string> queries;
  for (const auto& panel : json::parse(in)["panels"]) {
    for (const auto& target : panel["targets"]) {
      std::string query = target["expr"];
      for (const auto& [variable, value] : {std::pair{"$__rate_interval", "1m"}, std::pair{"$job", "authkit-mirror"},
                                            std::pair{"$environment", ".*"}}) {
        for (std::size_t at = 0; (at = query.find(variable)) != std::string::npos;) {
          query.replace(at, std::string_view{variable}.size(), value);
        }
      }
      queries.push_back(query);
    }
  }
  return queries;
}

}  // namespace

TEST_CASE("a real Prometheus scrapes the daemon, evaluates the alerts, and answers every panel of the dashboard") {
  ProgramFixture mirror;
  const Scratch scratch;
  auto daemon = mirror.start({"run"}, {"WORKOS_WEBHOOK_SECRET=whsec_simulator"});
  REQUIRE(wait_until([&] { return daemon->ask("/healthz").body.find("\"status\": \"ok\"") != std::string::npos; }));

  const auto metrics = scratch.file("metrics", daemon->ask("/metrics").body);
  const auto checked = run_promtool(scratch, "check metrics <" + metrics);
  INFO(checked.output);
  CHECK(checked.code == 0);
  CHECK(checked.output.empty());

  const Prometheus prometheus(daemon->port());
  REQUIRE(wait_until([&] { return prometheus.has_scraped(); }));
  CHECK(wait_until([&] { return prometheus.query("up == 1").size() == 1; }));
  for (const std::string& query : dashboard_queries()) {
    INFO(query);
    CHECK(wait_until([&] { return !prometheus.query(query).empty(); }));
  }
  // A scrape that a busy machine lost may have one pending for a moment.
  json groups;
  const auto is_content = [](const json& rule) { return rule["health"] == "ok" && rule["state"] == "inactive"; };
  const bool all_content = wait_until([&] {
    groups = prometheus.rules();
    return groups.size() == 1 && groups[0]["evaluationTime"] > 0 && std::ranges::all_of(groups[0]["rules"], is_content);
  });
  INFO(groups.dump());
  CHECK(all_content);
}

TEST_CASE("the alert rules are sound, and each fires on what it is for") {
  const Scratch scratch;
  for (const std::string& arguments :
       {"check rules --lint-fatal " + alerts, std::string{"test rules " TEST_DATA_DIR "/prometheus-alerts_test.yml"}}) {
    const auto ended = run_promtool(scratch, arguments);
    INFO(ended.output);
    CHECK(ended.code == 0);
  }
}
