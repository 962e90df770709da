#pragma once

// The one place that includes libpqxx and knows its version: 6.4 on Debian 12, 7.10 on Debian 13. What differs between
// them, or is missing in 6.4 (string_view, optional, COPY of ready-made text, no silent reconnect), is settled here.

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

struct pg_conn;

namespace mirror::db {

using Result = pqxx::result;
using Field = pqxx::field;

namespace compat {

/// One query parameter in PostgreSQL's text form. Views the text it was made from, so it must not outlive it.
class Parameter {
 public:
  Parameter(std::nullopt_t) : is_null_(true) {}
  Parameter(std::string_view text) : text_(text) {}
  Parameter(const std::string& text) : text_(text) {}
  Parameter(const char* text) : text_(text) {}
  Parameter(bool value) : text_(value ? "t" : "f") {}
  template <typename Number>
  requires(std::integral<Number> || std::floating_point<Number>) Parameter(Number value)
      : size_(print(digits_, value)) {}
  template <typename Value>
  Parameter(const std::optional<Value>& value) : Parameter(value ? Parameter(*value) : Parameter(std::nullopt)) {}

  [[nodiscard]] bool is_null() const { return is_null_; }
  [[nodiscard]] std::string_view text() const { return size_ > 0 ? std::string_view{digits_.data(), size_} : text_; }

 private:
  using Digits = std::array<char, 32>;

  template <typename Number>
  static std::size_t print(Digits& digits, Number value) {
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return static_cast<std::size_t>(end - digits.data());
  }

  std::string_view text_;
  Digits digits_{};  ///< before size_, whose initialiser fills it
  std::size_t size_ = 0;
  bool is_null_ = false;
};

}  // namespace compat

/// One session. Owns libpq's handle and libpqxx's objects around it. Never reconnects: once the session is lost, every
/// call throws. Not thread-safe. Throws Error for text with a NUL byte, else libpqxx's exceptions or Error.
class RawConnection {
 public:
  /// Takes ownership of `handle`, which is connected.
  explicit RawConnection(pg_conn* handle);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// From now on a statement with parameters is prepared when it is first run, so that it is parsed once.
  void prepare_statements() { prepares_ = true; }
  [[nodiscard]] bool prepares_statements() const { return prepares_; }

  /// Without parameters `sql` goes as a simple query and may hold several statements.
  Result run(const std::string& sql, std::span<const compat::Parameter> parameters);
  /// Sends `sql` as one simple query and throws unless all of it succeeds.
  void send(const std::string& sql);
  /// `COPY ... FROM STDIN`, of which CopyStream makes use: then any number of pieces of ready-made text, which may end
  /// anywhere, then the end, which returns the number of rows.
  void begin_copy(const std::string& copy_statement);
  void put_copy(std::string_view piece);
  std::int64_t end_copy();

  /// Inside a transaction block that has not failed.
  [[nodiscard]] bool in_good_transaction() const;
  [[nodiscard]] bool is_open() const;
  /// `text` as an SQL literal with its quotes.
  [[nodiscard]] std::string literal(std::string_view text) const;
  [[nodiscard]] pg_conn* handle() const { return handle_; }

 private:
  struct Session;

  const std::string& prepared(const std::string& sql);

  pg_conn* handle_;
  std::unique_ptr<Session> session_;
  bool prepares_ = false;
  std::unordered_map<std::string, std::string> prepared_;  ///< name of each statement
};

namespace compat {

template <typename... Args>
Result run(RawConnection& raw, const std::string& sql, const Args&... args) {
  const std::array<Parameter, sizeof...(Args)> parameters{Parameter(args)...};
  return raw.run(sql, parameters);
}

}  // namespace compat

/// The field's text; valid as long as the Result. A null reads as empty.
inline std::string_view view(const Field& field) {
  return {field.c_str(), field.size()};
}

/// Empty for null.
template <typename Value>
std::optional<Value> read_optional(const Field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<Value>();
}

/// The number of rows, with the same type in every version of libpqxx.
inline std::size_t row_count(const Result& result) {
  return static_cast<std::size_t>(result.size());
}

}  // namespace mirror::db
