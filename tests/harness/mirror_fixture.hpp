#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/api_client.hpp"
#include "support/clock.hpp"
#include "sync/engine.hpp"
#include "tests/harness/test_database.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::harness {

/// A simulator, a database and the engine between them, in one process: the whole product without its command line.
///
///     MirrorFixture mirror({.directory = {.users = 250}});
///     REQUIRE(MirrorFixture::all_certified(mirror.sync()));
///     REQUIRE(mirror.differences().empty());
///
/// Each sync() is what a fresh process would do: a new API client, engine and lease instance.
class MirrorFixture {
 public:
  explicit MirrorFixture(simulator::SimulatorOptions options = {});
  ~MirrorFixture();

  simulator::Simulator workos;
  TestDatabase database;
  sync::SyncOptions options;    ///< change before sync()
  api::ApiOptions api_options;  ///< change before sync()

  /// One pass over every stream, as `authkit-mirror sync` makes it.
  std::vector<sync::StreamResult> sync();
  /// An engine of its own, for tests that run the daemon or decide about holds. It uses `board()`.
  [[nodiscard]] std::unique_ptr<sync::Engine> make_engine();
  /// Of the last engine made.
  [[nodiscard]] sync::StatusBoard& board() { return *board_; }
  [[nodiscard]] std::vector<std::string> finding_codes() const;

  /// Truth against mirror, all tables; see truth_comparison.hpp.
  [[nodiscard]] std::vector<std::string> differences();
  static bool all_certified(const std::vector<sync::StreamResult>& results);
  static const sync::StreamResult& of(const std::vector<sync::StreamResult>& results, std::string_view stream);

 private:
  SystemClock clock_;
  std::unique_ptr<sync::StatusBoard> board_;
  std::shared_ptr<api::ApiClient> client_;
  std::unique_ptr<api::DirectoryApi> directory_;
};

}  // namespace mirror::harness
