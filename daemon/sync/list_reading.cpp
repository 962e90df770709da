#include "sync/list_reading.hpp"

#include <fmt/core.h>

#include <optional>

#include "api/api_error.hpp"
#include "model/streams.hpp"

namespace mirror::sync {
namespace {

constexpr int page_size = 100;
/// A cursor's object may be deleted meanwhile now and then; more often, something is wrong at the API.
constexpr int most_restarts = 2;

/// One attempt to read a list from its beginning to its end.
class Attempt {
 public:
  enum class Outcome { whole, vanished, astray };

  Attempt(const api::DirectoryApi& api, const StreamSpec& stream, const std::string& scope, const PageVisitor& visit)
      : api_(api), stream_(stream), scope_(scope), visit_(visit) {
    reading_.embedded.resize(stream.embedded.size());
  }

  Outcome run(const std::stop_token& stop) {
    while (true) {
      if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
      const auto page = fetch(stop);
      if (!page) return tracker_.cursor() ? astray("the API refused a cursor that it had given out") : vanished(stop);
      if (!started_at_) started_at_ = page->answered_at;
      const auto step = tracker_.accept(*page);
      if (step == WalkTracker::Step::broken) return astray(tracker_.problem());
      take(*page);
      if (step == WalkTracker::Step::end) return close(*page, stop);
    }
  }

  [[nodiscard]] const ListReading& reading() const { return reading_; }

 private:
  [[nodiscard]] api::ListQuery query(api::ListOrder order) const { return {{}, order, page_size, scope_}; }

  /// Empty if the API refused the cursor, or knows no such scope.
  std::optional<api::ListPage> fetch(const std::stop_token& stop) const {
    auto next = query(api::ListOrder::ascending);
    next.after = tracker_.cursor();
    try {
      return api_.list(stream_, next, api::Lane::sweep, stop);
    } catch (const api::ApiError& error) {
      const bool is_refused_cursor =
          tracker_.cursor() && (error.status() == 400 || error.status() == 404 || error.status() == 422);
      const bool is_unknown_scope = !scope_.empty() && error.status() == 404 && error.from_workos();
      if (is_refused_cursor || is_unknown_scope) return std::nullopt;
      throw;
    }
  }

  void take(const api::ListPage& page) {
    visit_(page, tracker_.coverage());
    reading_.rows += static_cast<std::int64_t>(page.listed.size());
    for (std::size_t i = 0; i < page.embedded.size(); ++i) {
      reading_.embedded[i] += static_cast<std::int64_t>(page.embedded[i].size());
    }
  }

  Outcome astray(std::string why) {
    reading_.problem = std::move(why);
    return Outcome::astray;
  }

  Outcome vanished(const std::stop_token& stop) {
    if (api_.get(*find_table(stream_.scope_table), scope_, api::Lane::confirm, stop).found) {
      throw Error(Fault::unavailable,
                  fmt::format("the API does not list {} of {}, although that exists", stream_.name, scope_),
                  "try again; if it stays so, ask WorkOS about this list");
    }
    reading_.vanished = true;
    return Outcome::vanished;
  }

  /// Rule R7: the end by the API's word is not enough, except for a list of one organization that is one short page.
  Outcome close(const api::ListPage& last, const std::stop_token& stop) {
    reading_.problem = tracker_.problem();
    const bool is_short = !scope_.empty() && tracker_.pages() <= 1 && last.listed.size() < page_size;
    if (is_short) return Outcome::whole;
    const auto newest = api_.list(stream_, query(api::ListOrder::descending), api::Lane::confirm, stop);
    if (tracker_.is_closed_by(newest, *started_at_)) return Outcome::whole;
    return astray("the list ended before its newest object: the end of the walk is not the end of the list");
  }

  const api::DirectoryApi& api_;
  const StreamSpec& stream_;
  const std::string& scope_;
  const PageVisitor& visit_;
  WalkTracker tracker_;
  ListReading reading_;
  std::optional<Instant> started_at_;
};

}  // namespace

ListReading read_list(const api::DirectoryApi& api, const StreamSpec& stream, const std::string& scope,
                      const PageVisitor& visit, const std::stop_token& stop) {
  for (int restarts = 0;; ++restarts) {
    Attempt attempt(api, stream, scope, visit);
    if (attempt.run(stop) != Attempt::Outcome::astray || restarts == most_restarts) return attempt.reading();
  }
}

}  // namespace mirror::sync
