#pragma once

#include <chrono>
#include <memory>

#include "api/directory_api.hpp"
#include "sync/live_options.hpp"
#include "sync/mentioned_places.hpp"
#include "sync/status_board.hpp"
#include "sync/writer.hpp"

namespace mirror::sync {

/// One request with all its retries and pauses takes less; a loop that finishes nothing for longer is stuck (rule R12).
inline constexpr std::chrono::minutes longest_request{15};

/// What the work of one lease period needs: made when the lease is taken, gone when it is lost. All members outlive it.
/// Everything that touches the database goes through the writer, so that there is one order.
struct MirrorSession {
  const api::DirectoryApi& api;
  Writer& writer;
  const LiveOptions& live_options;
  StatusBoard& board;
  Clock& clock;
  std::shared_ptr<MentionedPlaces> mentioned = std::make_shared<MentionedPlaces>();

  /// Concurrent walks and confirmations.
  [[nodiscard]] int parallelism() const {
    const int configured = options().parallel;
    return configured > 0 ? configured : api.useful_concurrency();
  }
  [[nodiscard]] SyncOptions options() const { return live_options.get(); }
};

}  // namespace mirror::sync
