#include "tests/app/two_environments.hpp"
#include "tests/catch.hpp"
#include "tests/harness/browser.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using simulator::Kind;
using simulator::World;

namespace {

const std::filesystem::path pictures = BINARY_DIR "/pictures";

bool shows(Browser& browser, const std::string& text) {
  return wait_until([&] { return browser.text().find(text) != std::string::npos; });
}

/// The large number on a stream's card; -1 while there is none.
long rows_on_card(Browser& browser, const std::string& stream) {
  const auto text = browser.evaluate("document.querySelector('[data-stream=" + stream + "] .big')?.textContent ?? ''");
  std::string digits;
  for (const char c : text.get<std::string>()) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits.empty() ? -1 : std::stol(digits);
}

bool fits_its_width(Browser& browser) {
  return browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth").get<bool>();
}

std::string ground(Browser& browser) {
  return browser.evaluate("getComputedStyle(document.body).backgroundColor").get<std::string>();
}

void erase_invitations(ProgramFixture& mirror, int count) {
  mirror.workos.with([count](World& world) {
    for (int i = 0; i < count; ++i) {
      world.store.erase(Kind::invitations, world.store.table(Kind::invitations).order().begin()->second->id);
    }
  });
}

}  // namespace

TEST_CASE("the status page follows a sync, shows a hold with what it would delete, and a stall with its reason") {
  ProgramFixture mirror({.directory = {.organizations = 20, .users = 4'000, .memberships = 2'000, .invitations = 30},
                         .latency = std::chrono::milliseconds(40)});
  const Scratch scratch;
  const auto config = scratch.file("mirror.toml",
                                   "[brake]\nmax_count = 5\nmin_count = 5\n"
                                   "[sync]\nparallel = 1\n"
                                   "[events]\nidle_interval = \"500ms\"\npoll_interval = \"500ms\"\n");
  Browser browser;  // before the load begins, which it shall see
  auto daemon = mirror.start({"run", "--config", config, "--set", "api.max_requests_per_second=10"});
  const std::string page = "http://127.0.0.1:" + std::to_string(daemon->port()) + "/";
  browser.open(page);

  REQUIRE(shows(browser, "rows read so far"));
  const long before = rows_on_card(browser, "users");
  CHECK(wait_until([&] { return rows_on_card(browser, "users") > before + 100; }));
  CHECK(shows(browser, "no complete snapshot of users yet"));
  browser.take_picture(pictures / "status-sync.png");
  REQUIRE(wait_until([&] { return mirror.certified() == 4; }, std::chrono::seconds(120)));
  CHECK(shows(browser, "4,000"));

  erase_invitations(mirror, 6);
  CHECK(mirror.run({"sync", "--config", config}).code == 1);
  REQUIRE(shows(browser, "Hold 1: would delete 6 of 30 invitations"));
  CHECK(browser.evaluate("document.querySelectorAll('#holds li').length") == 6);
  REQUIRE(browser.evaluate("document.querySelector('#holds details').open = true") == true);
  CHECK(shows(browser, "6 held"));
  browser.take_picture(pictures / "status-hold.png");
  CHECK(browser.evaluate("document.querySelector('#holds details').open") == true);

  browser.resize(390, 844, true);
  browser.set_color_scheme("light");
  const std::string by_day = ground(browser);
  browser.set_color_scheme("dark");
  CHECK(ground(browser) != by_day);
  CHECK(fits_its_width(browser));
  browser.take_picture(pictures / "status-phone-dark.png");
  browser.resize(1280, 900);
  browser.set_color_scheme("light");

  daemon->process().signal(SIGSTOP);
  CHECK(shows(browser, "No answer from the daemon for"));
  daemon->process().signal(SIGCONT);
  CHECK(wait_until([&] { return browser.evaluate("document.querySelector('#silence').hidden").get<bool>(); }));

  scratch.file("mirror.toml", "[brake]\nmax_count = 5\nmin_count = 5\n[health]\nmax_lag = \"1s\"\n");
  mirror.workos.arm({.name = "5xx-storm", .target = "/events", .count = -1});
  daemon->process().signal(SIGHUP);
  REQUIRE(shows(browser, "events were last read to their end"));
  CHECK(browser.evaluate("document.querySelector('#state').textContent") == "failing");
  browser.take_picture(pictures / "status-stall.png");

  CHECK(browser.text().find('@') == std::string::npos);
  CHECK(browser.complaints().empty());
  for (const std::string& url : browser.requests()) {
    INFO(url);
    const bool is_own = url.starts_with(page) || url == "data:,";
    CHECK(is_own);
  }
}

TEST_CASE("the status page switches between environments, says how each is, and fits a phone") {
  TwoEnvironments mirror;
  auto daemon = mirror.start({"run"});
  REQUIRE(mirror.are_filled());
  mirror.staging.arm({.name = "401-midway", .target = "", .count = -1});
  Browser browser;
  browser.resize(390, 844, true);
  browser.open("http://127.0.0.1:" + std::to_string(daemon->port()) + "/");
  REQUIRE(shows(browser, "environment production"));
  CHECK(rows_on_card(browser, "users") == 120);
  const auto state_of = [&](const std::string& environment) {
    return browser.evaluate("document.querySelector('#environments a[href=\"#" + environment + "\"] span').textContent")
        .get<std::string>();
  };
  CHECK(wait_until([&] { return state_of("staging") == "failing"; }));
  CHECK(wait_until([&] { return state_of("production") == "ok"; }));
  CHECK(browser.evaluate("document.querySelector('#state').textContent") == "ok");
  CHECK(fits_its_width(browser));
  browser.take_picture(pictures / "status-environments.png");

  REQUIRE(browser.evaluate("(document.querySelector('#environments a[href=\"#staging\"]').click(), true)") == true);
  REQUIRE(shows(browser, "environment staging"));
  CHECK(wait_until([&] { return rows_on_card(browser, "users") == 40; }));
  CHECK(browser.evaluate("document.querySelector('#state').textContent") == "failing");
  CHECK(browser.evaluate("document.title").get<std::string>().starts_with("failing"));
  browser.take_picture(pictures / "status-environment-failing.png");
  CHECK(browser.complaints().empty());
}
