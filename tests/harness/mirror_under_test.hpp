#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_client.hpp"
#include "support/clock.hpp"
#include "sync/engine.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::harness {

/// A database and the engine that fills it, in one process: the whole product without its command line. Which WorkOS it
/// mirrors is for the derived fixture to say in `api_options`. Not thread-safe.
class MirrorUnderTest {
 public:
  TestDatabase database;
  sync::SyncOptions options;    ///< change before sync()
  api::ApiOptions api_options;  ///< change before sync()
  Clock* api_clock = nullptr;   ///< of the API client; null: the system's

  /// One pass over every stream, as a fresh process would make it: a new API client, engine and lease instance.
  std::vector<sync::StreamResult> sync();
  /// An engine of its own, for tests that run the daemon or decide about holds. It uses `board()`.
  [[nodiscard]] std::unique_ptr<sync::Engine> make_engine();
  /// Of the last engine made.
  [[nodiscard]] sync::StatusBoard& board() { return *board_; }
  /// What the last engine's client has sent so far.
  [[nodiscard]] const api::ApiClient& client() const { return *client_; }
  [[nodiscard]] std::vector<std::string> finding_codes() const;

  static bool all_certified(const std::vector<sync::StreamResult>& results);
  static const sync::StreamResult& of(const std::vector<sync::StreamResult>& results, std::string_view stream);

 protected:
  MirrorUnderTest();
  ~MirrorUnderTest() = default;
  /// The API's objects of a table, as JSON.
  using Truth = std::function<std::vector<std::string>(std::string_view table)>;
  /// Truth against mirror, all tables; see truth_comparison.hpp.
  [[nodiscard]] std::vector<std::string> differences_from(const Truth& truth);

 private:
  SystemClock clock_;
  std::unique_ptr<sync::StatusBoard> board_;
  std::shared_ptr<api::ApiClient> client_;
  std::unique_ptr<sync::WorkosApi> workos_;
};

}  // namespace mirror::harness
