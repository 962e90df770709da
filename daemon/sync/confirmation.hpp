#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "db/row_store.hpp"
#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// What reads by id said about a set of rows.
struct Confirmation {
  struct Gone {
    std::string id;
    Instant at;  ///< the API's time of its 404, never before what the mirror had observed when it asked
  };

  std::vector<Gone> gone;
  std::vector<std::string> kept;  ///< found; the objects were handed to the writer
};

/// Reads each object by its id, side by side, in the limiter's confirm lane. Found objects are written as they are
/// (rule R1: such a read settles every doubt). An object that is found but can't be decoded counts as kept.
/// `snapshot` receives the counts and may be null. Throws Error when the API can't answer.
Confirmation confirm(const MirrorSession& session, const TableSpec& table, const std::vector<std::string>& ids,
                     const std::shared_ptr<SnapshotContext>& snapshot, const std::stop_token& stop);

struct DeletionEvent {
  std::string id;
  std::optional<Instant> created_at;
};
/// By the row that they deleted.
using DeletionEvents = std::map<std::string, DeletionEvent, std::less<>>;

/// What became of rows that were to be buried.
struct Burial {
  long rows = 0;                       ///< marked deleted, children included
  std::vector<std::string> survivors;  ///< ids of rows that were observed after their 404: nothing was done
};

[[nodiscard]] std::vector<std::string> ids_of(const std::vector<Confirmation::Gone>& gone);

/// Takes out of `deaths` what must wait, in the transaction that buries the others.
using HoldBack = std::function<void(WriteSession&, std::vector<db::Death>& deaths)>;

/// Buries rows that are confirmed to be gone, and with them their children (rule R9); children that are younger than
/// their parent's death are confirmed in turn. Those in `events` die by their event, the others by the sweep that
/// missed them. `hold_back` may be empty; it is not asked about children.
Burial bury_confirmed(const MirrorSession& session, const TableSpec& table, const Confirmation& confirmation,
                      const std::stop_token& stop, const DeletionEvents& events = {}, const HoldBack& hold_back = {});

}  // namespace mirror::sync
