#include "support/instant.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace mirror {
namespace {

/// Reads a text from left to right; each step returns false once something does not fit.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool digits(std::size_t count, int& value) {
    if (rest_.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }

  bool one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  bool word(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  /// Up to six digits count, any further ones are cut.
  bool fraction(std::int64_t& microseconds) {
    std::int64_t scale = 100'000;
    std::size_t count = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      microseconds += (rest_[count] - '0') * scale;
      scale /= 10;
    }
    rest_.remove_prefix(count);
    return count > 0;
  }

  [[nodiscard]] char last() const { return last_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = 0;
};

std::optional<std::int64_t> days_since_epoch(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (year < 1 || !date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

bool read_offset(Reader& reader, std::int64_t& seconds) {
  seconds = 0;
  if (reader.at_end() || (reader.one_of("Zz") && reader.at_end())) return true;
  if (!reader.one_of("+-")) return false;
  const int sign = reader.last() == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!reader.digits(2, hours) || hours > 15) return false;
  if (!reader.at_end()) {
    reader.one_of(":");
    if (!reader.digits(2, minutes) || minutes > 59) return false;
  }
  seconds = sign * (hours * 3600 + minutes * 60);
  return reader.at_end();
}

Instant make_instant(std::int64_t days, int hour, int minute, int second, std::int64_t microseconds) {
  const std::int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second;
  return {seconds * microseconds_per_second + microseconds};
}

/// The years 0001 to 9999 in UTC: an offset may lead out of them, and then four digits would not do.
constexpr Instant first_instant{-62'135'596'800 * microseconds_per_second};
constexpr Instant last_instant{253'402'300'800 * microseconds_per_second - 1};

constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool read_month_name(Reader& reader, int& month) {
  for (month = 1; month <= 12; ++month) {
    if (reader.word(month_names[static_cast<std::size_t>(month - 1)])) return true;
  }
  return false;
}

bool is_time_of_day(int hour, int minute, int second) {
  return hour <= 23 && minute <= 59 && second <= 60;
}

void append_number(std::string& out, std::int64_t value, std::size_t width) {
  std::array<char, 20> buffer{};
  for (std::size_t i = width; i > 0; --i) {
    buffer[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(buffer.data(), width);
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text) noexcept {
  Reader reader(text);
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t microseconds = 0;
  std::int64_t offset = 0;
  const bool well_formed = reader.digits(4, year) && reader.one_of("-") && reader.digits(2, month) &&
                           reader.one_of("-") && reader.digits(2, day) && reader.one_of("Tt ") &&
                           reader.digits(2, hour) && reader.one_of(":") && reader.digits(2, minute) &&
                           reader.one_of(":") && reader.digits(2, second) &&
                           (!reader.one_of(".,") || reader.fraction(microseconds)) && read_offset(reader, offset);
  if (!well_formed || !is_time_of_day(hour, minute, second)) return std::nullopt;
  const auto days = days_since_epoch(year, month, day);
  if (!days) return std::nullopt;
  Instant instant = make_instant(*days, hour, minute, second, microseconds);
  instant.microseconds -= offset * microseconds_per_second;
  if (instant < first_instant || instant > last_instant) return std::nullopt;
  return instant;
}

std::optional<Instant> parse_http_date(std::string_view text) noexcept {
  const auto comma = text.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  Reader reader(text.substr(comma + 2));
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  const bool well_formed = reader.digits(2, day) && reader.one_of(" ") && read_month_name(reader, month) &&
                           reader.one_of(" ") && reader.digits(4, year) && reader.one_of(" ") &&
                           reader.digits(2, hour) && reader.one_of(":") && reader.digits(2, minute) &&
                           reader.one_of(":") && reader.digits(2, second) && reader.word(" GMT") && reader.at_end();
  if (!well_formed || !is_time_of_day(hour, minute, second)) return std::nullopt;
  const auto days = days_since_epoch(year, month, day);
  if (!days) return std::nullopt;
  return make_instant(*days, hour, minute, second, 0);
}

void append_instant(std::string& out, Instant instant) {
  using std::chrono::days;
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{instant.microseconds}};
  const auto midnight = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::int64_t of_day = (time - midnight).count();
  append_number(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_number(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_number(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_number(out, of_day / 3'600'000'000, 2);
  out += ':';
  append_number(out, of_day / 60'000'000 % 60, 2);
  out += ':';
  append_number(out, of_day / microseconds_per_second % 60, 2);
  out += '.';
  append_number(out, of_day % microseconds_per_second, 6);
  out += 'Z';
}

std::string to_string(Instant instant) {
  std::string out;
  append_instant(out, instant);
  return out;
}

}  // namespace mirror
