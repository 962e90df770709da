// An API that refuses, or is no API at all: what was mirrored stays, and somebody is told what to do.

#include "tests/api/scripted_server.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::FaultOrder;

namespace {

constexpr const char* wrong_key = "sk_live_somebody_elses";

void expect_untouched(Scene& scene) {
  CHECK(scene.dead().empty());
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
}

void expect_recovery(Scene& scene) {
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.mirror.finding_codes().empty());
  expect_untouched(scene);
}

/// A server that gives `body` to every request.
ScriptedServer::Script always(const std::string& type, const std::string& body) {
  return [=](Peer& peer) {
    while (!peer.read_request().empty()) {
      peer.send(fmt::format(
          "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 00:29:30 GMT\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
          type, body.size(), body));
    }
  };
}

}  // namespace

TEST_CASE("a wrong key fails every stream of an empty mirror with what to do, and is not repeated in any text") {
  Scene scene;
  const Secret right_key = scene.mirror.api_options.key;
  scene.mirror.api_options.key = Secret(wrong_key);
  for (const auto& result : scene.sync()) {
    CAPTURE(result.stream, result.error);
    CHECK_FALSE(result.snapshot);
    // Memberships are listed per organization: where none is known, none is refused either.
    CHECK(result.fault == Fault::refused);
    CHECK_THAT(result.error, ContainsSubstring("401"));
    CHECK_THAT(result.next_step, ContainsSubstring("API key"));
    CHECK_FALSE(ContainsSubstring(wrong_key).match(result.error + result.next_step));
    CHECK(scene.has_finding("stream_refused", result.stream));
  }
  scene.mirror.api_options.key = right_key;
  expect_recovery(scene);
}

TEST_CASE("a wrong key for a filled mirror is refused before anything is written") {
  Scene scene;
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  const auto snapshots = scene.count("SELECT count(*) FROM workos.snapshots");
  const Secret right_key = scene.mirror.api_options.key;
  scene.mirror.api_options.key = Secret(wrong_key);
  const auto error = harness::caught_error([&] { scene.sync(); });
  CHECK(error.fault() == Fault::refused);
  CHECK_THAT(error.next_step(), ContainsSubstring("API key"));
  CHECK(scene.count("SELECT count(*) FROM workos.snapshots") == snapshots);
  scene.mirror.api_options.key = right_key;
  expect_recovery(scene);
}

TEST_CASE("a key that is revoked midway keeps what was read, and the next pass goes on from there") {
  Scene scene;
  // Each stream but memberships asks once before its first page.
  scene.workos.arm({.name = "401-midway", .target = "users", .skip = 3});
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("401-midway") > 0);
  CHECK(MirrorFixture::of(results, "users").fault == Fault::refused);
  CHECK_THAT(MirrorFixture::of(results, "users").next_step, ContainsSubstring("API key"));
  CHECK(scene.has_finding("stream_refused", "users"));
  const auto kept = scene.count("SELECT count(*) FROM workos.users");
  CHECK(kept >= 100);
  CHECK(kept < 350);

  scene.workos.clear_faults();
  expect_recovery(scene);
  CHECK(scene.count("SELECT count(*) FROM workos.snapshots WHERE stream = 'users'") == 1);
}

TEST_CASE("a key that is revoked for everything in the middle of a refresh costs no row") {
  Scene scene;
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  scene.workos.arm({.name = "401-midway", .skip = 5});
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("401-midway") > 0);
  CHECK_FALSE(MirrorFixture::all_certified(results));
  expect_untouched(scene);
  scene.workos.clear_faults();
  expect_recovery(scene);
}

TEST_CASE("a list that the key may not read fails alone, and the message names it") {
  Scene scene;
  scene.workos.arm({.name = "403-one-list", .target = "invitations"});
  for (const auto& result : scene.sync()) {
    CAPTURE(result.stream, result.error);
    if (result.stream != "invitations") {
      CHECK(result.is_certified());
      continue;
    }
    CHECK(result.fault == Fault::refused);
    CHECK_THAT(result.error, ContainsSubstring("403"));
    CHECK_THAT(result.next_step, ContainsSubstring("/user_management/invitations"));
    CHECK(scene.has_finding("stream_refused", "invitations"));
  }
  REQUIRE(scene.workos.fired("403-one-list") > 0);
  CHECK(scene.count("SELECT count(*) FROM workos.users") == 350);
  CHECK(scene.count("SELECT count(*) FROM workos.invitations") == 0);
}

TEST_CASE("a redirect is not followed with the key") {
  Scene elsewhere;
  Scene scene;
  FaultOrder order{.name = "redirect-away", .target = "users", .count = -1};
  order.parameters.set("location", elsewhere.workos.url() + "/user_management/users");
  scene.workos.arm(order);
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("redirect-away") > 0);
  CHECK_FALSE(MirrorFixture::of(results, "users").snapshot);
  CHECK_THAT(MirrorFixture::of(results, "users").error, ContainsSubstring("302"));
  CHECK(elsewhere.workos.with([](simulator::World& world) { return world.log.counts().empty(); }));
}

TEST_CASE("a base URL that is not the API fails every stream with a hint at api.base_url") {
  Scene scene;
  const std::string type =
      GENERATE(as<std::string>{}, "text/html", "application/json", "application/json; charset=utf-8");
  const std::string body = type == "text/html"          ? "<html><body>Welcome to nginx</body></html>"
                           : type == "application/json" ? ""
                                                        : R"({"status":"ok"})";
  CAPTURE(type, body);
  ScriptedServer server({always(type, body)});
  scene.mirror.api_options.base_url = server.url();
  for (const auto& result : scene.sync()) {
    CAPTURE(result.stream, result.error);
    CHECK_FALSE(result.snapshot);
    CHECK(result.fault == Fault::unavailable);
    CHECK_THAT(result.next_step, ContainsSubstring("api.base_url"));
    CHECK(scene.has_finding("stream_failed", result.stream));
  }
  CHECK(scene.count("SELECT count(*) FROM workos.users") == 0);

  scene.mirror.api_options.base_url = scene.workos.url();
  expect_recovery(scene);
}

TEST_CASE("a filled mirror is not touched while its API is another program or away") {
  Scene scene;
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  const int port = scene.workos.port();
  SECTION("HTML") {
    ScriptedServer server({always("text/html", "<html></html>")});
    scene.mirror.api_options.base_url = server.url();
    const auto error = harness::caught_error([&] { scene.sync(); });
    CHECK(error.fault() == Fault::unavailable);
    CHECK_THAT(error.next_step(), ContainsSubstring("api.base_url"));
  }
  SECTION("nobody listens") {
    scene.workos.stop();
    const auto error = harness::caught_error([&] { scene.mirror.sync(); });
    CHECK(error.fault() == Fault::unavailable);
    CHECK_THAT(error.what(), ContainsSubstring(std::to_string(port)));
    scene.workos.start(port);
  }
  scene.mirror.api_options.base_url = scene.workos.url();
  expect_recovery(scene);
}
