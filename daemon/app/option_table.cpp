#include "app/option_table.hpp"

#include <algorithm>
#include <array>

#include "app/event_options.hpp"
#include "app/option_rules.hpp"
#include "app/reconcile_options.hpp"
#include "model/streams.hpp"

namespace mirror::app {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr double second = 1000;
constexpr double day = 86'400'000;

void add_api(std::vector<Option>& table) {
  table.push_back({.key = "api.base_url",
                   .type = OptionType::text,
                   .default_text = "https://api.workos.com",
                   .help = "Address of the WorkOS API.",
                   .store = [](Config& c, const OptionValue& v) { c.api.base_url = v.text; },
                   .refuse = refuse_base_url});
  table.push_back({.key = "api.key",
                   .type = OptionType::text,
                   .default_text = "",
                   .help = "The WorkOS API key.",
                   .secret = true,
                   .store = [](Config& c, const OptionValue& v) { c.api.key = Secret{v.text}; },
                   .refuse = refuse_spaces});
  table.push_back({.key = "api.key_file",
                   .type = OptionType::path,
                   .default_text = "",
                   .help = "File that holds the WorkOS API key and nothing else.",
                   .store = [](Config& c, const OptionValue& v) { c.api_key_file = v.text; }});
  table.push_back({.key = "api.max_requests_per_second",
                   .type = OptionType::decimal,
                   .default_text = "50",
                   .help = "Share of the environment's request quota that the mirror may use.",
                   .least = 0.1,
                   .most = 1'000'000,
                   .store = [](Config& c, const OptionValue& v) { c.api.max_requests_per_second = v.decimal; }});
  table.push_back({.key = "api.timeout",
                   .type = OptionType::duration,
                   .default_text = "30s",
                   .help = "Longest time a request may take, all of it.",
                   .least = 100,
                   .most = 600 * second,
                   .store = [](Config& c, const OptionValue& v) { c.api.timeout = v.duration; }});
  table.push_back({.key = "api.ca_file",
                   .type = OptionType::path,
                   .default_text = "",
                   .help = "PEM file of the authorities to trust instead of the system's.",
                   .store = [](Config& c, const OptionValue& v) { c.api.ca_file = v.text; }});
}

void add_database(std::vector<Option>& table) {
  table.push_back({.key = "database.url",
                   .type = OptionType::text,
                   .default_text = "postgresql:///authkit_mirror",
                   .help = "PostgreSQL connection URI or string.",
                   .store = [](Config& c, const OptionValue& v) { c.database.url = v.text; },
                   .refuse = refuse_empty});
  table.push_back({.key = "database.password",
                   .type = OptionType::text,
                   .default_text = "",
                   .help = "The database password.",
                   .secret = true,
                   .store = [](Config& c, const OptionValue& v) { c.database.password = Secret{v.text}; }});
  table.push_back({.key = "database.password_file",
                   .type = OptionType::path,
                   .default_text = "",
                   .help = "File that holds the database password and nothing else.",
                   .store = [](Config& c, const OptionValue& v) { c.database_password_file = v.text; }});
  table.push_back({.key = "database.schema",
                   .type = OptionType::text,
                   .default_text = "workos",
                   .help = "Schema of the mirror.",
                   .store = [](Config& c, const OptionValue& v) { c.database.schema = v.text; },
                   .refuse = refuse_schema});
  table.push_back({.key = "database.reader_role",
                   .type = OptionType::text,
                   .default_text = "workos_reader",
                   .help = "Role that may read the mirror; empty: none.",
                   .store = [](Config& c, const OptionValue& v) { c.database.reader_role = v.text; },
                   .refuse = refuse_identifier});
  table.push_back({.key = "database.migrate",
                   .type = OptionType::boolean,
                   .default_text = "true",
                   .help = "Whether run and sync bring the schema up to date.",
                   .store = [](Config& c, const OptionValue& v) { c.database.migrate = v.boolean; }});
  table.push_back({.key = "database.prepared",
                   .type = OptionType::choice,
                   .default_text = "auto",
                   .help = "Prepared statements; auto: not behind a transaction pooler.",
                   .choices = {"auto", "true", "false"},
                   .store = [](Config& c, const OptionValue& v) { c.database.prepared = prepared_of(v.text); }});
}

void add_stream(std::vector<Option>& table, const std::string& stream) {
  const std::string section = "streams." + stream + ".";
  table.push_back({.key = section + "enabled",
                   .type = OptionType::boolean,
                   .default_text = "true",
                   .help = "Whether " + stream + " are mirrored.",
                   .store = [stream](Config& c, const OptionValue& v) { c.sync.streams[stream].enabled = v.boolean; }});
  table.push_back({.key = section + "sweep_interval",
                   .type = OptionType::duration,
                   .default_text = "1h",
                   .help = "Time between two complete walks of " + stream + ".",
                   .reloadable = true,
                   .least = second,
                   .most = 365 * day,
                   .store = [stream](Config& c, const OptionValue& v) {
                     c.sync.streams[stream].sweep_interval = duration_cast<seconds>(v.duration);
                   }});
  table.push_back(
      {.key = section + "sweep_jitter",
       .type = OptionType::decimal,
       .default_text = "0.1",
       .help = "Fraction of the interval by which a walk may come earlier or later.",
       .reloadable = true,
       .least = 0,
       .most = 0.5,
       .store = [stream](Config& c, const OptionValue& v) { c.sync.streams[stream].sweep_jitter = v.decimal; }});
}

void add_sync(std::vector<Option>& table) {
  table.push_back(
      {.key = "sync.parallel",
       .type = OptionType::whole,
       .default_text = "auto",
       .help = "Walks at the same time, of lists and of parts of long ones; 1 reads one page after the other.",
       .least = 1,
       .most = 64,
       .choices = {"auto"},
       .store = [](Config& c, const OptionValue& v) { c.sync.parallel = static_cast<int>(v.whole); }});
  for (const StreamSpec* stream : all_streams()) add_stream(table, std::string{stream->name});
}

void add_brake(std::vector<Option>& table) {
  constexpr double many = 1e9;
  table.push_back({.key = "brake.max_count",
                   .type = OptionType::whole,
                   .default_text = "500",
                   .help = "More deletions than this are always held.",
                   .reloadable = true,
                   .least = 0,
                   .most = many,
                   .store = [](Config& c, const OptionValue& v) { c.sync.brake.max_count = v.whole; }});
  table.push_back({.key = "brake.min_count",
                   .type = OptionType::whole,
                   .default_text = "20",
                   .help = "Up to this many deletions are never held by percentage.",
                   .reloadable = true,
                   .least = 0,
                   .most = many,
                   .store = [](Config& c, const OptionValue& v) { c.sync.brake.min_count = v.whole; }});
  table.push_back({.key = "brake.max_percent",
                   .type = OptionType::decimal,
                   .default_text = "5",
                   .help = "Percentage of the live rows beyond which deletions are held.",
                   .reloadable = true,
                   .least = 0,
                   .most = 100,
                   .store = [](Config& c, const OptionValue& v) { c.sync.brake.max_percent = v.decimal; }});
  table.push_back(
      {.key = "brake.window",
       .type = OptionType::duration,
       .default_text = "1h",
       .help = "Time over which deletions by event are counted together.",
       .reloadable = true,
       .least = 60 * second,
       .most = 30 * day,
       .store = [](Config& c, const OptionValue& v) { c.sync.brake.window = duration_cast<seconds>(v.duration); }});
}

void add_daemon(std::vector<Option>& table) {
  table.push_back({.key = "http.listen",
                   .type = OptionType::text,
                   .default_text = "127.0.0.1:8464",
                   .help = "Address of the daemon's own HTTP server.",
                   .store = [](Config& c, const OptionValue& v) { c.http.listen = v.text; },
                   .refuse = refuse_listen});
  table.push_back(
      {.key = "health.max_lag",
       .type = OptionType::duration,
       .default_text = "5m",
       .help = "How late the mirror may be before health is failing.",
       .reloadable = true,
       .least = second,
       .most = 30 * day,
       .store = [](Config& c, const OptionValue& v) { c.sync.health_max_lag = duration_cast<seconds>(v.duration); }});
  table.push_back(
      {.key = "lease.ttl",
       .type = OptionType::duration,
       .default_text = "15s",
       .help = "How long a silent daemon keeps the right to write.",
       .least = 2 * second,
       .most = 3600 * second,
       .store = [](Config& c, const OptionValue& v) { c.sync.lease_ttl = duration_cast<seconds>(v.duration); }});
  table.push_back({.key = "log.level",
                   .type = OptionType::choice,
                   .default_text = "info",
                   .help = "Least serious lines to log.",
                   .reloadable = true,
                   .choices = {"trace", "debug", "info", "warning", "error"},
                   .store = [](Config& c, const OptionValue& v) { c.log.level = level_of(v.text); }});
  table.push_back({.key = "log.format",
                   .type = OptionType::choice,
                   .default_text = "text",
                   .help = "Form of the log's lines.",
                   .choices = {"text", "json"},
                   .store = [](Config& c, const OptionValue& v) {
                     c.log.format = v.text == "json" ? log::Format::json : log::Format::text;
                   }});
}

/// What each WorkOS environment may have of its own. The daemon has one database, one HTTP server and one log.
bool stands_in_environment(std::string_view key) {
  constexpr std::array sections{"api",   "sync",    "streams", "events", "changes",
                                "brake", "webhook", "health",  "lease",  "reconcile"};
  const std::string_view section = key.substr(0, key.find('.'));
  return key != "webhook.listen" && std::ranges::find(sections, section) != sections.end();
}

std::vector<Option> build_table() {
  std::vector<Option> table;
  table.push_back({.key = "environment",
                   .type = OptionType::text,
                   .default_text = "default",
                   .help = "Name of the WorkOS environment: the column _env.",
                   .store = [](Config& c, const OptionValue& v) { c.sync.environment = v.text; },
                   .refuse = refuse_environment});
  add_api(table);
  add_database(table);
  add_sync(table);
  add_event_options(table);
  add_change_options(table);
  add_brake(table);
  add_reconcile_options(table);
  add_webhook_options(table);
  add_daemon(table);
  for (Option& option : table) option.per_environment = stands_in_environment(option.key);
  return table;
}

}  // namespace

const std::vector<Option>& option_table() {
  static const std::vector<Option> table = build_table();
  return table;
}

const Option* find_option(std::string_view key) {
  for (const Option& option : option_table()) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

std::string environment_name(const Option& option) {
  return "AUTHKIT_MIRROR_" + variable_part(option.key);
}

std::string variable_part(std::string_view name) {
  std::string part{name};
  std::ranges::transform(part, part.begin(), [](char c) {
    if (c == '.' || c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return part;
}

}  // namespace mirror::app
