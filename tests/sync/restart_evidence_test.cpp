#include "sync/batch_merge.hpp"
#include "tests/catch.hpp"
#include "tests/sync/writer_fixture.hpp"

namespace mirror {
namespace {

using harness::MirrorFixture;
using harness::WriterFixture;

constexpr int user_count = 20;

/// Users in the mirror, and a snapshot whose walk meets none of them until it begins again.
struct Scene {
  MirrorFixture mirror{simulator::SimulatorOptions{.directory = {.organizations = 1, .users = user_count}}};
  std::unique_ptr<WriterFixture> fixture;
  std::shared_ptr<sync::SnapshotContext> snapshot;

  Scene() {
    REQUIRE(MirrorFixture::all_certified(mirror.sync()));
    fixture = std::make_unique<WriterFixture>(mirror, mirror.database.options());
    snapshot = fixture->open(users());
  }

  /// A page without objects that stands for the whole list; one that begins the walk again stands for its ids alone.
  [[nodiscard]] sync::PageWrite empty_page(bool restarts) const {
    api::ListPage page(*users().table);
    page.answered_at = snapshot->started_at;
    sync::Coverage coverage;
    coverage.in_order = !restarts;
    const std::vector<std::string> voided(restarts ? 1 : 0);  // the segment from the beginning
    return {snapshot, {}, std::move(page), coverage, "{}", false, false, voided};
  }
  /// Merges the pages as one batch; returns whether there is something to commit.
  bool merge(const std::vector<const sync::PageWrite*>& pages) {
    bool wrote = false;
    fixture->writer().run(
        [&](sync::WriteSession& session) {
          sync::BatchProgress progress;
          sync::BatchMerge batch(session, {}, progress, sync::Lookup::by_range);
          for (const auto* page : pages) batch.add(*page);
          wrote = batch.flush();
        },
        {});
    return wrote;
  }
  std::int64_t candidates() { return mirror.database.count("SELECT count(*) FROM workos.candidates"); }
};

}  // namespace

TEST_CASE("a walk that begins again takes back what it missed before, and that is committed") {
  Scene scene;
  const auto missing = scene.empty_page(false);
  REQUIRE(scene.merge({&missing}));
  REQUIRE(scene.candidates() == user_count);

  const auto again = scene.empty_page(true);
  CHECK(scene.merge({&again}));
  CHECK(scene.candidates() == 0);
}

TEST_CASE("what a walk missed before it began again in the same batch is no evidence either") {
  Scene scene;
  const auto missing = scene.empty_page(false);
  const auto again = scene.empty_page(true);
  scene.merge({&missing, &again});
  CHECK(scene.candidates() == 0);
}

}  // namespace mirror
