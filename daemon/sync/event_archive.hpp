#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "db/event_store.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// The events of a batch on their way into the archive, each once, and the cursor that moves with them (rule R4). Lives
/// within one write transaction; what was added must outlive it. Not thread-safe.
class EventArchive {
 public:
  explicit EventArchive(WriteSession& session) : session_(session) {}

  void add(const EventWrite& write);
  /// Notes which lists the event's object stands in, so that sweeps look at them earlier.
  void touch(const EventWrite& write, const api::Event& event);
  /// Writes all that was added, and begins anew. False if there was nothing.
  bool save();

 private:
  void add(EventVia via, const api::Event& event);

  WriteSession& session_;
  std::vector<db::EventRecord> records_;
  std::map<std::pair<std::string_view, Instant>, std::size_t> places_;  ///< in records_, by id and creation
  std::map<const StreamSpec*, std::set<std::string>> touched_;          ///< scopes
  Instant touched_at_{INT64_MIN};
  const EventWrite::Cursor* cursor_ = nullptr;
};

}  // namespace mirror::sync
