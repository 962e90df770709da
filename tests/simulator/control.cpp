#include "tests/simulator/control.hpp"

#include <nlohmann/json.hpp>

#include "support/error.hpp"
#include "tests/simulator/changes.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::simulator {
namespace {

Kind kind_named(const std::string& table) {
  const auto kind = find_kind(table);
  if (!kind) throw Error(Fault::usage, "the simulator has no table " + table);
  return *kind;
}

/// Lines of JSON. With `limit`, that many objects behind the one with the id `after`.
Answer truth(const World& world, const Request& request, const std::string& table) {
  const View view = request.parameter("view") == "healthy" ? View::healthy : View::served;
  Answer answer = json_answer(200, "");
  answer.set_header("Content-Type", "application/x-ndjson");
  const auto kind = find_kind(table);
  const auto limit_text = request.parameter("limit");
  if (!kind || !limit_text) {
    for (const auto& row : world.store.truth(table, view)) answer.body.append(row).append("\n");
    return answer;
  }
  const auto limit = std::stoul(std::string{*limit_text});
  const Order& order = world.store.table(*kind).order();
  const auto after = request.parameter("after");
  auto next = after ? order.upper_bound(world.store.get(*kind, *after).position) : order.begin();
  for (std::size_t i = 0; i < limit && next != order.end(); ++i, ++next) {
    world.store.append_listed(answer.body, *kind, *next->second, view);
    answer.body += '\n';
  }
  return answer;
}

WriteOptions write_options(const Json& operation) {
  return {.event = operation.value("event", true),
          .touch = operation.value("touch", true),
          .event_name = operation.value("event_name", ""),
          .event_delay = std::chrono::milliseconds{operation.value("event_delay_ms", 0)}};
}

std::vector<std::string> ids_of(const Json& operation) {
  if (operation.contains("ids")) return operation["ids"].get<std::vector<std::string>>();
  return {operation.at("id").get<std::string>()};
}

void run_operation(World& world, const Json& operation, Json& done) {
  const Kind kind = kind_named(operation.at("table"));
  const std::string what = operation.at("op");
  const WriteOptions options = write_options(operation);
  if (what == "create") {
    done["created"].push_back(world.store.create(kind, operation.value("fields", Json::object()), options).id);
  } else if (what == "update") {
    for (const auto& id : ids_of(operation)) {
      world.store.update(kind, id, operation.at("fields"), options);
      done["updated"].push_back(id);
    }
  } else if (what == "delete") {
    for (const auto& id : ids_of(operation)) {
      world.store.erase(kind, id, options, operation.value("cascade", true));
      done["deleted"].push_back(id);
    }
  } else {
    throw Error(Fault::usage, "the simulator has no operation " + what);
  }
}

void run_random_changes(Changes& changes, Kind kind, const Json& wanted, Json& done) {
  const bool event = wanted.value("event", true);
  for (auto& id : changes.create(kind, wanted.value("create", std::size_t{0}), event)) done["created"].push_back(id);
  for (auto& id : changes.update(kind, wanted.value("update", std::size_t{0}), event)) done["updated"].push_back(id);
  for (auto& id : changes.erase(kind, wanted.value("delete", std::size_t{0}), event)) done["deleted"].push_back(id);
  if (kind != Kind::users) return;
  for (auto& id : changes.sign_in(wanted.value("sign_in", std::size_t{0}))) done["updated"].push_back(id);
}

Answer change(World& world, const Json& wanted) {
  Json done{{"created", Json::array()}, {"updated", Json::array()}, {"deleted", Json::array()}};
  Changes changes(world.store, wanted.value("seed", std::uint64_t{1}));
  for (const Kind kind : all_kinds) {
    const std::string table{table_name(kind)};
    if (wanted.contains(table)) run_random_changes(changes, kind, wanted[table], done);
  }
  for (const auto& operation : wanted.value("operations", Json::array())) run_operation(world, operation, done);
  return json_answer(200, done.dump());
}

Answer arm(World& world, const Json& wanted) {
  FaultOrder order;
  order.name = wanted.at("name");
  order.target = wanted.value("target", "");
  if (wanted.contains("count")) order.count = wanted["count"].get<int>();
  order.probability = wanted.value("probability", 1.0);
  order.skip = wanted.value("skip", 0);
  const Json parameters = wanted.value("parameters", Json::object());
  for (const auto& [name, value] : parameters.items()) {
    order.parameters.set(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return json_answer(201, Json{{"number", world.faults.arm(order)}}.dump());
}

Answer list_faults(const World& world) {
  Json kinds = Json::array();
  for (const auto* kind : all_fault_kinds()) {
    kinds.push_back(
        {{"name", kind->name}, {"description", kind->description}, {"fired", world.faults.fired(kind->name)}});
  }
  Json armed = Json::array();
  for (const auto& fault : world.faults.faults()) {
    Json ids = Json::array();
    for (const auto& [kind, id] : fault.objects) ids.push_back(id);
    armed.push_back({{"number", fault.number},
                     {"name", fault.kind->name},
                     {"target", fault.target},
                     {"remaining", fault.remaining},
                     {"fired", fault.fired},
                     {"objects", ids}});
  }
  return json_answer(200, Json{{"faults", armed}, {"kinds", kinds}}.dump());
}

Answer list_requests(const World& world) {
  Json lists = Json::object();
  for (const auto& [path, pages] : world.log.pages()) {
    lists[path] = {{"pages_read", pages.reads}, {"most_reads_of_one_page", pages.most_of_one}};
  }
  return json_answer(200, Json{{"requests", world.log.counts()}, {"lists", lists}}.dump());
}

Answer show_clock(const World& world) {
  return json_answer(200, Json{{"now", timestamp(world.clock.now())}, {"frozen", world.clock.frozen()}}.dump());
}

Answer change_clock(World& world, const Json& wanted) {
  if (wanted.contains("set")) {
    const auto now = parse_instant(wanted["set"].get<std::string>());
    if (!now) throw Error(Fault::usage, "the clock can't be set to that");
    world.clock.set(*now);
  }
  if (wanted.contains("advance_ms"))
    world.clock.advance(std::chrono::milliseconds{wanted["advance_ms"].get<std::int64_t>()});
  if (wanted.contains("frozen")) world.clock.freeze(wanted["frozen"]);
  return show_clock(world);
}

Answer show_counts(const World& world) {
  Json counts = Json::object();
  for (const Kind kind : all_kinds) counts[std::string{table_name(kind)}] = world.store.size(kind);
  counts["events"] = world.store.events().size();
  return json_answer(200, counts.dump());
}

Answer route(World& world, const Request& request) {
  constexpr std::string_view truth_path = "/_simulator/truth/";
  const std::string what = request.method + " " + request.path;
  const Json body = request.body.empty() ? Json::object() : Json::parse(request.body);
  if (request.method == "GET" && request.path.starts_with(truth_path)) {
    world.store.expire_due_invitations();
    return truth(world, request, request.path.substr(truth_path.size()));
  }
  if (what == "GET /_simulator/counts") return show_counts(world);
  if (what == "POST /_simulator/changes") return change(world, body);
  if (what == "POST /_simulator/faults") return arm(world, body);
  if (what == "GET /_simulator/faults") return list_faults(world);
  if (what == "GET /_simulator/requests") return list_requests(world);
  if (what == "GET /_simulator/clock") return show_clock(world);
  if (what == "POST /_simulator/clock") return change_clock(world, body);
  if (what == "DELETE /_simulator/faults") {
    world.faults.clear();
    return json_answer(200, "{}");
  }
  if (what == "POST /_simulator/reset-counters") {
    world.log.clear();
    return json_answer(200, "{}");
  }
  return json_answer(404, R"({"message":"no such control endpoint"})");
}

}  // namespace

Answer control(World& world, const Request& request) {
  try {
    return route(world, request);
  } catch (const std::exception& error) {  // a wrong order of a test: say so
    return json_answer(400, Json{{"message", error.what()}}.dump());
  }
}

}  // namespace mirror::simulator
