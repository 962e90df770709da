#include "tests/simulator/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace mirror::simulator {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void append_base32(std::string& out, std::uint64_t value, int characters) {
  for (int shift = (characters - 1) * 5; shift >= 0; shift -= 5) out += crockford[(value >> shift) & 31U];
}

std::string ulid(std::string_view prefix, std::int64_t millisecond, std::uint64_t high, std::uint64_t low) {
  std::string id;
  id.reserve(prefix.size() + 26);
  id += prefix;
  append_base32(id, static_cast<std::uint64_t>(millisecond), 10);
  append_base32(id, high, 8);
  append_base32(id, low, 8);
  return id;
}

constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string IdMaker::make(std::string_view prefix, Instant created_at) {
  return ulid(prefix, created_at.microseconds / 1000, random_.next(), random_.next());
}

std::string IdMaker::make_increasing(std::string_view prefix, Instant created_at) {
  const std::int64_t now = created_at.microseconds / 1000;
  if (now > last_millisecond_) {
    last_millisecond_ = now;
    last_high_ = random_.below(1ULL << 32);
  } else {
    ++last_high_;
  }
  return ulid(prefix, last_millisecond_, last_high_, random_.next());
}

void append_timestamp(std::string& out, Instant instant) {
  append_instant(out, instant);
  out.resize(out.size() - 4);  // microseconds and Z
  out += 'Z';
}

std::string timestamp(Instant instant) {
  std::string out;
  append_timestamp(out, instant);
  return out;
}

std::string http_date(Instant instant) {
  using std::chrono::days;
  using std::chrono::seconds;
  const std::chrono::sys_time<seconds> time{
      std::chrono::floor<seconds>(std::chrono::microseconds{instant.microseconds})};
  const auto midnight = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{time - midnight};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays[std::chrono::weekday{midnight}.c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace mirror::simulator
