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
  for (std::size_t digit = 0; digit < statistics.attempts_by_class.size(); ++digit) {
    const std::string answer = digit == 0 ? "none" : std::to_string(digit) + "xx";
    samples.push_back({"api_requests_total",
                       "Requests to WorkOS, retries included, by the class of the answer.",
                       Kind::counter,
                       {{"answer", answer}},
                       static_cast<double>(statistics.attempts_by_class[digit])});
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
