#include "app/event_options.hpp"

#include "app/option_rules.hpp"

namespace mirror::app {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr double second = 1000;
constexpr double day = 86'400'000;

}  // namespace

void add_event_options(std::vector<Option>& table) {
  constexpr double hour = 3600 * second;
  table.push_back({.key = "events.poll_interval",
                   .type = OptionType::duration,
                   .default_text = "1s",
                   .help = "Time between two polls for events while there are some.",
                   .reloadable = true,
                   .least = 50,
                   .most = hour,
                   .store = [](Config& c, const OptionValue& v) { c.sync.events.poll_interval = v.duration; }});
  table.push_back({.key = "events.idle_interval",
                   .type = OptionType::duration,
                   .default_text = "2s",
                   .help = "Time between two polls for events when nothing happens.",
                   .reloadable = true,
                   .least = 50,
                   .most = hour,
                   .store = [](Config& c, const OptionValue& v) { c.sync.events.idle_interval = v.duration; }});
  table.push_back(
      {.key = "events.retention",
       .type = OptionType::duration,
       .default_text = "90d",
       .help = "How long WorkOS keeps events.",
       .least = day,
       .most = 365 * day,
       .store = [](Config& c, const OptionValue& v) { c.sync.events.retention = duration_cast<seconds>(v.duration); }});
  table.push_back(
      {.key = "events.archive",
       .type = OptionType::duration,
       .default_text = "90d",
       .help = "How long the mirror keeps events.",
       .least = hour,
       .most = 3650 * day,
       .store = [](Config& c, const OptionValue& v) { c.sync.events.archive = duration_cast<seconds>(v.duration); }});
  table.push_back({.key = "events.also",
                   .type = OptionType::text,
                   .default_text = "",
                   .help = "Event types to archive besides the mirrored ones, separated by commas.",
                   .store = [](Config& c, const OptionValue& v) { c.sync.events.also = split_list(v.text); },
                   .refuse = refuse_event_types});
}

void add_change_options(std::vector<Option>& table) {
  table.push_back({.key = "changes.retention",
                   .type = OptionType::duration,
                   .default_text = "0s",
                   .help = "How long the change feed, and with it history, is kept, by whole months; 0s: for ever.",
                   .most = 36'500 * day,
                   .store = [](Config& c, const OptionValue& v) {
                     c.sync.changes_retention = duration_cast<seconds>(v.duration);
                   }});
}

void add_webhook_options(std::vector<Option>& table) {
  table.push_back({.key = "webhook.listen",
                   .type = OptionType::text,
                   .default_text = "",
                   .help = "Address that receives webhooks and nothing else; empty: they arrive at http.listen.",
                   .store = [](Config& c, const OptionValue& v) { c.webhook.listen = v.text; },
                   .refuse = refuse_listen_or_none});
  table.push_back({.key = "webhook.secret",
                   .type = OptionType::text,
                   .default_text = "",
                   .help = "The webhook endpoint's secret; several, separated by commas, while one replaces another.",
                   .secret = true,
                   .store = [](Config& c, const OptionValue& v) { c.webhook.secrets = webhook_secrets_of(v.text); },
                   .refuse = refuse_webhook_secret});
  table.push_back({.key = "webhook.secret_file",
                   .type = OptionType::path,
                   .default_text = "",
                   .help = "File that holds the webhook endpoint's secret, one per line while one replaces another.",
                   .store = [](Config& c, const OptionValue& v) { c.webhook_secret_file = v.text; }});
  table.push_back({.key = "webhook.tolerance",
                   .type = OptionType::duration,
                   .default_text = "180s",
                   .help = "How far a webhook's signature may be from the present, in both directions.",
                   .least = second,
                   .most = 3600 * second,
                   .store = [](Config& c, const OptionValue& v) { c.webhook.tolerance = v.duration; }});
  table.push_back(
      {.key = "webhook.allow",
       .type = OptionType::text,
       .default_text = "",
       .help = "Addresses and networks that may send webhooks, separated by commas; empty: all.",
       .store = [](Config& c, const OptionValue& v) { c.webhook.allow = http::AddressList::parse(v.text).value(); },
       .refuse = refuse_address_list});
}

}  // namespace mirror::app
