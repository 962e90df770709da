#include <algorithm>

#include "tests/catch.hpp"
#include "tests/simulator/simulator.hpp"
#include "tests/simulator/test_client.hpp"

using namespace mirror::simulator;

namespace {

SimulatorOptions directory(std::size_t users) {
  SimulatorOptions options;
  options.directory.users = users;
  options.directory.organizations = 5;
  options.directory.memberships = users;
  options.directory.invitations = 40;
  return options;
}

using Ids = std::vector<std::string>;

/// All ids of a list, oldest first, without pagination.
Ids oldest_first(Simulator& simulator, const std::string& table) {
  Ids ids;
  for (const auto& row : simulator.truth(table)) ids.push_back(nlohmann::json::parse(row)["id"]);
  return ids;
}

struct Expected {
  Ids ids;
  nlohmann::json before;
  nlohmann::json after;
};

/// What a page must be, by counting places in the whole list in the requested order.
Expected expected_page(Ids all, bool descending, std::size_t limit, const std::string& after,
                       const std::string& before) {
  if (descending) std::ranges::reverse(all);
  const auto place = [&](const std::string& id) {
    return static_cast<std::size_t>(std::ranges::find(all, id) - all.begin());
  };
  std::size_t first = after.empty() ? 0 : place(after) + 1;
  std::size_t last = std::min(all.size(), first + limit);
  if (!before.empty()) {
    last = place(before);
    first = last - std::min(last, limit);
  }
  const auto at = [&](std::size_t index) { return all.begin() + static_cast<std::ptrdiff_t>(index); };
  Expected expected{{at(first), at(last)}, nullptr, nullptr};
  if (expected.ids.empty()) return expected;
  if (first > 0) expected.before = expected.ids.front();
  if (last < all.size()) expected.after = expected.ids.back();
  return expected;
}

}  // namespace

TEST_CASE("every page of every list is the slice that the whole list, its order, its limit and its cursor say") {
  Simulator simulator(directory(230));
  simulator.start();
  TestClient client(simulator.port());
  const std::vector<std::pair<std::string, std::string>> lists{{"users", "/user_management/users"},
                                                               {"organizations", "/organizations"},
                                                               {"invitations", "/user_management/invitations"}};
  Random random(5);
  for (const auto& [table, path] : lists) {
    const Ids all = oldest_first(simulator, table);
    for (int i = 0; i < 150; ++i) {
      const std::size_t limit = 1 + random.below(100);
      const bool descending = random.chance(0.5);
      const std::string cursor = random.chance(0.8) ? random.pick(all) : "";
      const bool backwards = random.chance(0.4);
      const Expected expected = expected_page(all, descending, limit, backwards ? "" : cursor, backwards ? cursor : "");
      const std::string target = path + "?limit=" + std::to_string(limit) + "&order=" + (descending ? "desc" : "asc") +
                                 (cursor.empty() ? "" : (backwards ? "&before=" : "&after=") + cursor);
      const auto page = client.get(target).json();
      INFO(target);
      REQUIRE(ids_of(page) == expected.ids);
      REQUIRE(page["list_metadata"]["after"] == expected.after);
      REQUIRE(page["list_metadata"]["before"] == expected.before);
    }
  }
}

TEST_CASE("a page holds ten objects, newest first, when nothing is asked") {
  Simulator simulator(directory(30));
  simulator.start();
  Ids all = oldest_first(simulator, "users");
  std::ranges::reverse(all);
  all.resize(10);
  REQUIRE(ids_of(TestClient(simulator.port()).get("/user_management/users").json()) == all);
}

TEST_CASE("order=normal is newest first with the cursors swapped") {
  Simulator simulator(directory(30));
  simulator.start();
  TestClient client(simulator.port());
  const auto first = client.get("/user_management/users?order=normal&limit=7").json();
  REQUIRE(ids_of(first) == ids_of(client.get("/user_management/users?order=desc&limit=7").json()));
  const std::string older = first["list_metadata"]["before"];
  REQUIRE(ids_of(client.get("/user_management/users?order=normal&limit=7&before=" + older).json()) ==
          ids_of(client.get("/user_management/users?order=desc&limit=7&after=" + older).json()));
}

TEST_CASE("objects created in one instant are listed in order of arrival, whatever their ids") {
  Simulator simulator(directory(0));
  simulator.start();
  Ids arrival;
  simulator.with([&](World& world) {
    for (const char* id : {"user_C", "user_A", "user_B", "user_0"}) {
      arrival.push_back(world.store
                            .create(Kind::users, {{"id", id},
                                                  {"email", std::string{id} + "@x.example"},
                                                  {"created_at", "2025-05-05T05:05:05.000Z"}})
                            .id);
    }
  });
  TestClient client(simulator.port());
  REQUIRE(client.walk("/user_management/users", "asc", 1) == arrival);
  std::ranges::reverse(arrival);
  REQUIRE(client.walk("/user_management/users", "desc", 3) == arrival);
}

TEST_CASE("a limit outside 1 to 100, an unknown order and an unknown cursor are refused with 422") {
  Simulator simulator(directory(3));
  simulator.start();
  TestClient client(simulator.port());
  for (const char* wrong : {"limit=0", "limit=101", "limit=ten", "limit=-1", "order=up", "after=user_NOBODY"}) {
    const Reply reply = client.get(std::string{"/user_management/users?"} + wrong);
    INFO(wrong);
    REQUIRE(reply.status == 422);
    REQUIRE(reply.json().contains("message"));
  }
}

TEST_CASE("inserts and deletes elsewhere do not shift a walk") {
  Simulator simulator(directory(120));
  simulator.start();
  TestClient client(simulator.port());
  Ids all = oldest_first(simulator, "users");
  const auto first = client.get("/user_management/users?order=asc&limit=50").json();
  simulator.with([&](World& world) { world.store.erase(Kind::users, all[10]); });
  const std::string cursor = first["list_metadata"]["after"];
  const auto second = client.get("/user_management/users?order=asc&limit=50&after=" + cursor).json();
  REQUIRE(ids_of(second) == Ids(all.begin() + 50, all.begin() + 100));
}
