// Webhooks that come while the writer is busy are answered after one commit for all of them.

#include <future>

#include "tests/catch.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {

using harness::SteppedMirror;
using harness::TailFixture;
using harness::wait_until;
using simulator::Kind;

TEST_CASE("deliveries that wait for the writer share a commit, and each is answered after it") {
  constexpr std::size_t deliveries = 32;
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto first = mirror.events_told();
  for (const auto& user : mirror.some(Kind::users, deliveries)) mirror.rename(user, "Told");
  const auto& writer = daemon.session().writer;
  std::vector<std::future<sync::Delivery>> answers;
  in_one_batch(daemon, [&] {
    for (const auto& body : mirror.event_texts(first)) {
      answers.push_back(std::async(std::launch::async, [&daemon, body] { return daemon.deliver(body); }));
    }
    REQUIRE(wait_until([&] { return writer.queued_jobs() == deliveries; }));
    for (const auto& answer : answers) CHECK(answer.wait_for(std::chrono::seconds{0}) == std::future_status::timeout);
    CHECK(mirror.count("SELECT count(*) FROM workos.events") == 0);
  });
  for (auto& answer : answers) CHECK(answer.get() == sync::Delivery::applied);
  CHECK(mirror.count("SELECT count(*) FROM workos.events WHERE webhook_at IS NOT NULL") == deliveries);
  CHECK(mirror.count("SELECT count(*) FROM workos.users WHERE first_name = 'Told'") == deliveries);
  CHECK(mirror.count("SELECT count(DISTINCT xmin::text) FROM workos.events") == 1);
}

}  // namespace mirror::tests
