#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/api_call.hpp"
#include "api/api_options.hpp"
#include "api/directory_api.hpp"
#include "api/http_transport.hpp"
#include "api/rate_limiter.hpp"
#include "api/server_time.hpp"
#include "support/clock.hpp"

namespace mirror::api {

class ApiError;

/// A successful answer, its text repaired (text_repair.hpp).
struct ApiAnswer {
  std::string body;
  Instant answered_at;  ///< its Date, or the API's time as known from earlier answers
  std::string request_id;
  std::uint32_t replaced_characters = 0;
};

/// Counters since the start, for metrics.
struct ApiStatistics {
  std::map<int, std::uint64_t> attempts_by_status;  ///< as far as there were any; 0: no complete answer, or no status
  std::uint64_t retries = 0;
  std::uint64_t limiter_waits = 0;
  std::uint64_t rate_limited = 0;                  ///< 429 answers
  double current_rate = 0;                         ///< requests per second that the limiter permits now
  std::uint64_t body_bytes = 0;                    ///< inflated
  std::optional<std::uint64_t> quota_limit{};      ///< as the last answer that showed it did; WorkOS promises neither
  std::optional<std::uint64_t> quota_remaining{};  ///< likewise
  std::uint64_t replaced_characters = 0;
};

/// Sends requests to WorkOS: with the key, at the pace of the limiter, each attempt with its own deadline, repeated
/// where that is safe. Nothing that it throws or counts holds the key. Thread-safe.
class ApiClient {
 public:
  /// Looks at the answer; throws InvalidBody to have the request repeated. May be called several times.
  using Reader = std::function<void(const ApiAnswer&)>;

  /// Without a key it sends only calls that show none. Throws Error (misconfigured) for an unusable key or rate.
  ApiClient(ApiOptions options, std::shared_ptr<HttpTransport> transport, Clock& clock);

  /// Sends a request and hands a 2xx answer with JSON, or an empty one if the call says so, to `read`. Throws ApiError
  /// for any other answer, Error (unavailable, misconfigured, stopped) if none came, and what `read` throws.
  void send(const ApiCall& call, Lane lane, const std::stop_token& stop, const Reader& read);
  /// GETs `target` (path and query, percent-encoded).
  void get(const std::string& target, Lane lane, const std::stop_token& stop, const Reader& read) {
    send({.target = target}, lane, stop, read);
  }

  [[nodiscard]] bool has_key() const { return !options_.key.empty(); }
  [[nodiscard]] ApiStatistics statistics() const;
  /// How many requests at a time use our share of the quota to the full, as long as answers took lately (Little's law);
  /// at most 32, and 8 before the first answer.
  [[nodiscard]] int useful_concurrency() const;
  /// What the API's clock says now; empty if no answer ever told a time.
  [[nodiscard]] std::optional<Instant> server_time() const { return server_time_.at(clock_.now()); }

 private:
  void attempt(const ApiCall& call, Lane lane, const std::stop_token& stop, const Reader& read);
  HttpResponse exchange(const HttpRequest& request, const std::stop_token& stop);
  [[nodiscard]] ApiError failure(const ApiCall& call, const HttpResponse& response) const;
  void obey(const HttpResponse& response, Clock::TimePoint granted,
            std::optional<std::chrono::milliseconds> retry_after);
  void note_latency(Clock::Duration latency);
  void note_quota(const HttpResponse& response);
  [[nodiscard]] Instant time_of(const HttpResponse& response);

  const ApiOptions options_;
  const std::shared_ptr<HttpTransport> transport_;
  Clock& clock_;
  RateLimiter limiter_;
  ServerTime server_time_;
  std::array<std::atomic<std::uint64_t>, 600> attempts_by_status_{};
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<double> latency_{-1};  ///< seconds, a moving average; negative: nothing was answered yet
  std::atomic<std::uint64_t> body_bytes_{0};
  std::atomic<std::uint64_t> replaced_characters_{0};
  std::atomic<std::int64_t> quota_limit_{-1};  ///< negative: no answer showed it
  std::atomic<std::int64_t> quota_remaining_{-1};
};

/// A client over PocoTransport. `clock` must outlive it. Throws Error (misconfigured).
std::shared_ptr<ApiClient> make_api_client(const ApiOptions& options, Clock& clock);

}  // namespace mirror::api
