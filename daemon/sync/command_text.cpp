#include "sync/command_text.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace mirror::sync {
namespace {

using nlohmann::json;

constexpr std::array faults{Fault::unavailable, Fault::refused, Fault::bad_data, Fault::misconfigured,
                            Fault::lease_lost,  Fault::usage,   Fault::stopped,  Fault::bug};

Fault parse_fault(std::string_view name) {
  for (const auto fault : faults) {
    if (to_string(fault) == name) return fault;
  }
  return Fault::bug;
}

constexpr std::array<std::pair<const char*, std::int64_t db::SnapshotCounts::*>, 11> count_fields{{
    {"scopes", &db::SnapshotCounts::scopes},
    {"pages", &db::SnapshotCounts::pages},
    {"rows", &db::SnapshotCounts::rows},
    {"inserted", &db::SnapshotCounts::inserted},
    {"changed", &db::SnapshotCounts::changed},
    {"unchanged", &db::SnapshotCounts::unchanged},
    {"stale", &db::SnapshotCounts::stale},
    {"poisoned", &db::SnapshotCounts::poisoned},
    {"candidates", &db::SnapshotCounts::candidates},
    {"deleted", &db::SnapshotCounts::deleted},
    {"held", &db::SnapshotCounts::held},
}};

json snapshot_json(const db::SnapshotRecord& snapshot) {
  json out{{"id", snapshot.id}, {"state", snapshot.state}, {"reason", snapshot.reason}};
  for (const auto& [name, member] : count_fields) out[name] = snapshot.counts.*member;
  return out;
}

db::SnapshotRecord read_snapshot(const json& in) {
  db::SnapshotRecord snapshot;
  snapshot.id = in.at("id").get<std::int64_t>();
  snapshot.state = in.at("state").get<std::string>();
  snapshot.reason = in.at("reason").get<std::string>();
  for (const auto& [name, member] : count_fields) snapshot.counts.*member = in.at(name).get<std::int64_t>();
  return snapshot;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

template <typename Read>
auto read_with(std::string_view text, Read read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw Error(Fault::bug, std::string("a command's text is unreadable: ") + error.what());
  }
}

}  // namespace

std::string hold_arguments(int id, std::string_view decided_by) {
  return dump({{"hold", id}, {"decided_by", decided_by}});
}

HoldArguments read_hold_arguments(std::string_view text) {
  return read_with(text, [](const json& in) {
    return HoldArguments{in.at("hold").get<int>(), in.at("decided_by").get<std::string>()};
  });
}

std::string to_json(const std::vector<StreamResult>& results) {
  json out = json::array();
  for (const auto& result : results) {
    json line{{"stream", result.stream},
              {"fault", to_string(result.fault)},
              {"error", result.error},
              {"next_step", result.next_step}};
    if (result.snapshot) line["snapshot"] = snapshot_json(*result.snapshot);
    out.push_back(std::move(line));
  }
  return dump(out);
}

std::vector<StreamResult> read_stream_results(std::string_view text) {
  return read_with(text, [](const json& in) {
    std::vector<StreamResult> results;
    for (const auto& line : in) {
      StreamResult result;
      result.stream = line.at("stream").get<std::string>();
      result.fault = parse_fault(line.at("fault").get<std::string>());
      result.error = line.at("error").get<std::string>();
      result.next_step = line.at("next_step").get<std::string>();
      if (line.contains("snapshot")) result.snapshot = read_snapshot(line.at("snapshot"));
      results.push_back(std::move(result));
    }
    return results;
  });
}

std::string to_json(const HoldOutcome& outcome) {
  return dump({{"hold", outcome.id}, {"deleted", outcome.deleted}, {"kept", outcome.kept}});
}

HoldOutcome read_hold_outcome(std::string_view text) {
  return read_with(text, [](const json& in) {
    return HoldOutcome{in.at("hold").get<int>(), in.at("deleted").get<long>(), in.at("kept").get<long>()};
  });
}

std::string replay_arguments(Instant since) {
  return dump({{"since", to_string(since)}});
}

Instant read_replay_arguments(std::string_view text) {
  return read_with(text,
                   [](const json& in) { return parse_instant(in.at("since").get<std::string>()).value_or(Instant{}); });
}

std::string to_json(const ReplayOutcome& outcome) {
  return dump({{"read", outcome.read}, {"parked", outcome.parked}});
}

ReplayOutcome read_replay_outcome(std::string_view text) {
  return read_with(text, [](const json& in) {
    return ReplayOutcome{in.at("read").get<long>(), in.at("parked").get<long>()};
  });
}

std::string erasure_arguments(const db::PersonTraces& found, std::string_view erased_by) {
  return dump({{"user", found.user},
               {"objects", found.objects},
               {"addresses", found.addresses},
               {"shared_addresses", found.shared_addresses},
               {"events", found.events},
               {"changes", found.changes},
               {"searched_at", found.searched_at},
               {"searched_seq", found.searched_seq},
               {"erased_by", erased_by}});
}

ErasureArguments read_erasure_arguments(std::string_view text) {
  return read_with(text, [](const json& in) {
    // An erasure clears its own request. That it is asked for once more means that its daemon ended before it answered.
    if (in.empty()) {
      throw Error(Fault::unavailable, "the person was erased, but the daemon that did it ended before it told so",
                  "run the command again: it prints the receipt");
    }
    db::PersonTraces found;
    in.at("user").get_to(found.user);
    in.at("objects").get_to(found.objects);
    in.at("addresses").get_to(found.addresses);
    in.at("shared_addresses").get_to(found.shared_addresses);
    in.at("events").get_to(found.events);
    in.at("changes").get_to(found.changes);
    in.at("searched_at").get_to(found.searched_at);
    in.at("searched_seq").get_to(found.searched_seq);
    return ErasureArguments{std::move(found), in.at("erased_by").get<std::string>()};
  });
}

std::string to_json(const db::Erasure& erasure) {
  json places = json::array();
  for (const auto& place : erasure.places) {
    places.push_back({{"table", place.table}, {"removed", place.removed}, {"cleared", place.cleared}});
  }
  return dump({{"hash", erasure.hash},
               {"erased_at", erasure.erased_at},
               {"first_at", erasure.first_at},
               {"places", std::move(places)},
               {"shared_addresses", erasure.shared_addresses},
               {"walks", erasure.walks}});
}

db::Erasure read_erasure(std::string_view text) {
  return read_with(text, [](const json& in) {
    db::Erasure erasure;
    in.at("hash").get_to(erasure.hash);
    in.at("erased_at").get_to(erasure.erased_at);
    in.at("first_at").get_to(erasure.first_at);
    in.at("shared_addresses").get_to(erasure.shared_addresses);
    in.at("walks").get_to(erasure.walks);
    for (const auto& place : in.at("places")) {
      erasure.places.push_back(
          {place.at("table").get<std::string>(), place.at("removed").get<long>(), place.at("cleared").get<long>()});
    }
    return erasure;
  });
}

std::string to_json(const Error& error) {
  return dump({{"fault", to_string(error.fault())}, {"error", error.what()}, {"next_step", error.next_step()}});
}

Error read_error(std::string_view text) {
  return read_with(text, [](const json& in) {
    return Error(parse_fault(in.at("fault").get<std::string>()), in.at("error").get<std::string>(),
                 in.at("next_step").get<std::string>());
  });
}

}  // namespace mirror::sync
