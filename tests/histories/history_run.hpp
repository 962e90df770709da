#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include "tests/harness/feed_replay.hpp"
#include "tests/harness/skipping_clock.hpp"
#include "tests/harness/stepped_mirror.hpp"
#include "tests/histories/crash_plan.hpp"
#include "tests/histories/directory_steps.hpp"
#include "tests/histories/mirror_view.hpp"

namespace mirror::histories {

/// A promise was broken; what() says which.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What happened over many histories.
struct Tally {
  std::size_t histories = 0;
  std::size_t steps = 0;
  std::map<std::string, std::size_t> faults;  ///< how often each acted
  std::size_t instants = 0;                   ///< of the past that were compared with the truth
};

/// One history: a directory, an API, a mirror of it in an environment of its own, and the checks between the steps.
/// Not thread-safe.
class HistoryRun {
 public:
  HistoryRun(harness::TestDatabase& database, std::string environment, const History& history, CrashPlan& crashes,
             Tally& tally);
  ~HistoryRun();
  HistoryRun(const HistoryRun&) = delete;
  HistoryRun& operator=(const HistoryRun&) = delete;

  /// Throws Violation.
  void run();

 private:
  using Process = std::unique_ptr<harness::SteppedMirror>;

  void perform(const Step& step);
  void perform_at_mirror(const Step& step);
  void poll(const Step& step);
  void deliver(const Step& step);
  void sweep(const StreamSpec& stream);
  void delete_in_flight(const Step& step);
  void delete_unknown_of(const std::string& answer);
  void decide(const Step& step);
  void arm_fault(const Step& step);
  void heal();
  void take_over();
  void wake_old();
  /// The daemon's process; a new one if there is none.
  harness::SteppedMirror& mirror();
  /// An error of a step: expected while the API misbehaves or in a crash, else a violation.
  void note_error(const Error& error);
  void write_queued();
  void bury_crashed();

  void check_step(const Step& step);
  void check_deaths(const MirrorView& now, const Step& step) const;
  void come_to_rest();
  void check_events_alone();
  void catch_up();
  void check_rest();
  void check_feed();
  void check_archive();
  void check_history();
  void check_instant(Instant moment);
  void check_present();
  std::vector<int> open_holds();
  void listen(const api::HttpRequest& request, const api::HttpResponse& response);

  harness::TestDatabase& database_;
  const std::string environment_;
  const History& history_;
  CrashPlan& crashes_;
  Tally& tally_;
  simulator::Simulator workos_;
  DirectorySteps directory_;
  harness::SkippingClock clock_;
  sync::SyncOptions options_;
  std::shared_ptr<api::ApiClient> client_;
  Process mirror_;
  Process old_;  ///< that lost the lease and does not know

  std::mutex mutex_;
  const StreamSpec* in_flight_ = nullptr;     ///< the next answer of its list is followed by a deletion
  std::string deleted_in_flight_;             ///< in this step
  std::map<std::string, std::string> shown_;  ///< ids of events that GET /events returned behind its cursor
  bool api_misbehaves_ = false;               ///< a fault was armed since the last healing
  bool api_misbehaved_ = false;
  MirrorView before_;
  std::int64_t noted_at_ = -1;  ///< position of the feed when `noted_` was read
  harness::MirrorContent noted_;
};

}  // namespace mirror::histories
