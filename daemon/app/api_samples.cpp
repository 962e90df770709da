#include "app/api_samples.hpp"

#include "api/api_client.hpp"

namespace mirror::app {
namespace {

using Kind = http::Sample::Kind;

http::Sample counter(const char* name, const char* help, std::uint64_t value) {
  return {name, help, Kind::counter, {}, static_cast<double>(value)};
}

}  // namespace

std::vector<http::Sample> api_samples(const api::ApiStatistics& statistics) {
  std::vector<http::Sample> samples;
  auto attempts = statistics.attempts_by_status;
  for (const int usual : {0, 200, 429})
    attempts.try_emplace(usual, 0);  // there from the start, so that a rate sees all
  for (const auto& [status, count] : attempts) {
    samples.push_back({"api_requests_total",
                       "Requests to WorkOS, retries included, by the status of the answer; none: no whole answer came.",
                       Kind::counter,
                       {{"status", status == 0 ? "none" : std::to_string(status)}},
                       static_cast<double>(count)});
  }
  samples.push_back(counter("api_retries_total", "Requests that were repeated.", statistics.retries));
  samples.push_back(counter("api_rate_limited_total", "Answers with status 429.", statistics.rate_limited));
  samples.push_back(
      counter("api_limiter_waits_total", "Requests that waited for their turn.", statistics.limiter_waits));
  samples.push_back(counter("api_body_bytes_total", "Bytes of answers, inflated.", statistics.body_bytes));
  samples.push_back(counter("api_replaced_characters_total",
                            "Characters that PostgreSQL can't hold and that became U+FFFD.",
                            statistics.replaced_characters));
  samples.push_back(
      {"api_requests_per_second_allowed", "What the limiter permits now.", Kind::gauge, {}, statistics.current_rate});
  return samples;
}

}  // namespace mirror::app
