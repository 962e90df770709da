#include "api/api_client.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "api/api_error.hpp"
#include "api/poco_transport.hpp"
#include "api/retry_policy.hpp"
#include "api/text_repair.hpp"
#include "support/log.hpp"

namespace mirror::api {
namespace {

constexpr const char* where_keys_go =
    "Put the key (sk_...) into the file that api.key_file names (of the environment's section, if there are several), "
    "or "
    "into WORKOS_API_KEY.";

ApiOptions checked(ApiOptions options) {
  const std::string& key = options.key.expose();
  if (!std::ranges::all_of(key, [](unsigned char c) { return c > 0x20 && c < 0x7F; })) {
    throw Error(Fault::misconfigured, "the API key holds a space, a line break or another character that no key has",
                where_keys_go);
  }
  return options;
}

/// Each new answer counts for so much in the average latency: some dozen answers are remembered.
constexpr double weight_of_an_answer = 0.1;
constexpr int usual_concurrency = 8;
constexpr int most_concurrency = 32;

/// Keeps the number in `header`, if it is one.
void note_number(std::string_view header, std::atomic<std::int64_t>& kept) {
  std::int64_t number = -1;
  const char* const end = header.data() + header.size();
  const auto [stopped, error] = std::from_chars(header.data(), end, number);
  if (error == std::errc{} && stopped == end && number >= 0) kept = number;
}

std::optional<std::uint64_t> known(std::int64_t number) {
  return number < 0 ? std::nullopt : std::optional{static_cast<std::uint64_t>(number)};
}

bool is_success(const ApiCall& call, const HttpResponse& response) {
  const bool is_empty = response.body.find_first_not_of(" \t\r\n") == std::string::npos;
  if (call.may_be_empty && is_empty) return response.status >= 200 && response.status < 300;
  return is_json_success(response);
}

}  // namespace

ApiClient::ApiClient(ApiOptions options, std::shared_ptr<HttpTransport> transport, Clock& clock)
    : options_(checked(std::move(options))),
      transport_(std::move(transport)),
      clock_(clock),
      limiter_(clock, options_.max_requests_per_second) {}

void ApiClient::send(const ApiCall& call, Lane lane, const std::stop_token& stop, const Reader& read) {
  if (call.shows_key && !has_key()) throw Error(Fault::misconfigured, "there is no API key", where_keys_go);
  RetryPolicy policy(call.is_repeatable);
  for (;;) {
    std::optional<std::chrono::milliseconds> delay;
    try {
      return attempt(call, lane, stop, read);
    } catch (const Error& error) {
      delay = policy.next_delay(error);
      if (!delay) throw;
      log::debug("retrying in {} ms: {}", delay->count(), error.what());
    }
    ++retries_;
    if (!clock_.wait_for(*delay, stop)) throw Error(Fault::stopped, "a stop was requested before a retry");
  }
}

void ApiClient::attempt(const ApiCall& call, Lane lane, const std::stop_token& stop, const Reader& read) {
  const Clock::TimePoint granted = limiter_.acquire(lane, stop);
  HttpResponse response = exchange(make_request(call, options_.key), stop);
  const std::uint32_t replaced = repair_text(response.body);
  replaced_characters_ += replaced;
  if (!is_success(call, response)) {
    auto error = failure(call, response);
    obey(response, granted, error.retry_after());
    throw ApiError(std::move(error));
  }
  const Instant answered_at = time_of(response);
  std::string request_id = presentable(response.header("x-request-id"), options_.key.expose());
  read({std::move(response.body), answered_at, std::move(request_id), replaced});
}

ApiError ApiClient::failure(const ApiCall& call, const HttpResponse& response) const {
  const HttpRequest shown{call.method, call.shown_target.empty() ? call.target : call.shown_target, {}, {}};
  return make_api_error(shown, response, {options_.key.expose(), clock_.wall(), server_time_.at(clock_.now())});
}

HttpResponse ApiClient::exchange(const HttpRequest& request, const std::stop_token& stop) {
  try {
    const auto sent_at = clock_.now();
    HttpResponse response = transport_->send(request, Deadline::after(options_.timeout), stop);
    note_latency(clock_.now() - sent_at);
    const bool is_status = response.status >= 100 && response.status < 600;  // what metrics count has to end somewhere
    ++attempts_by_status_[is_status ? static_cast<std::size_t>(response.status) : 0];
    body_bytes_ += response.body.size();
    note_quota(response);
    return response;
  } catch (const Error& error) {
    if (error.fault() != Fault::stopped) ++attempts_by_status_[0];
    throw;
  }
}

/// Rule R14: what one request is told holds for all of them.
void ApiClient::obey(const HttpResponse& response, Clock::TimePoint granted,
                     std::optional<std::chrono::milliseconds> retry_after) {
  const bool rate_limited = response.status == 429;
  if (rate_limited) limiter_.was_refused(granted);
  if (retry_after && (rate_limited || response.status == 503)) limiter_.pause_for(*retry_after);
}

Instant ApiClient::time_of(const HttpResponse& response) {
  const Clock::TimePoint now = clock_.now();
  if (const auto date = parse_http_date(response.header("date"))) {
    server_time_.note(*date, now);
    return *date;
  }
  if (const auto known = server_time_.at(now)) return *known;
  throw Error(Fault::misconfigured, "no answer of the API carries a Date header, so that nothing tells its time",
              "Check api.base_url, and that no proxy on the way removes the header Date.");
}

/// Two answers at the same moment may overwrite each other; that makes no difference to an average.
void ApiClient::note_latency(Clock::Duration latency) {
  const double seconds = std::chrono::duration<double>(latency).count();
  const double average = latency_;
  latency_ = average < 0 ? seconds : average + weight_of_an_answer * (seconds - average);
}

void ApiClient::note_quota(const HttpResponse& response) {
  note_number(response.header("x-ratelimit-limit"), quota_limit_);
  note_number(response.header("x-ratelimit-remaining"), quota_remaining_);
}

int ApiClient::useful_concurrency() const {
  const double latency = latency_;
  if (latency < 0) return usual_concurrency;
  // One more while an answer is decoded and one while a page waits for the writer.
  const double to_fill_share = std::ceil(limiter_.current_rate() * latency) + 2;
  // Where answers come in no time, it is this machine that they wait for, and more requests would only wait longer.
  const double milliseconds = latency * 1'000;
  return static_cast<int>(
      std::min({to_fill_share, usual_concurrency + milliseconds, static_cast<double>(most_concurrency)}));
}

ApiStatistics ApiClient::statistics() const {
  ApiStatistics statistics;
  for (std::size_t status = 0; status < attempts_by_status_.size(); ++status) {
    if (const auto attempts = attempts_by_status_[status].load(); attempts > 0) {
      statistics.attempts_by_status[static_cast<int>(status)] = attempts;
    }
  }
  statistics.retries = retries_;
  statistics.limiter_waits = limiter_.waits();
  statistics.rate_limited = limiter_.refusals();
  statistics.current_rate = limiter_.current_rate();
  statistics.body_bytes = body_bytes_;
  statistics.quota_limit = known(quota_limit_);
  statistics.quota_remaining = known(quota_remaining_);
  statistics.replaced_characters = replaced_characters_;
  return statistics;
}

std::shared_ptr<ApiClient> make_api_client(const ApiOptions& options, Clock& clock) {
  return std::make_shared<ApiClient>(options, std::make_shared<PocoTransport>(options), clock);
}

}  // namespace mirror::api
