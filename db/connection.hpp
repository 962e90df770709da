#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "db/database_options.hpp"

namespace mirror::db {

class RawConnection;  // pqxx_compat.hpp

/// Cancels the statement that its connection is running, from any thread and also after the connection is gone.
/// The statement then throws Error (unavailable). Thread-safe.
class Canceller {
 public:
  /// For Connection: takes ownership of `cancel`, a PGcancel.
  explicit Canceller(std::shared_ptr<void> cancel) : cancel_(std::move(cancel)) {}
  /// Does nothing if no statement runs. False if the server could not be told.
  bool cancel() const noexcept;

 private:
  std::shared_ptr<void> cancel_;
};

/// One PostgreSQL connection; text is UTF-8. Opens in the constructor; throws Error (unavailable, refused,
/// misconfigured). After an Error of Fault::unavailable the object is done for: destroy it and open a new one. Holds no
/// session state, so that it works behind a transaction pooler: settings are made per transaction. Not thread-safe; one
/// per thread.
class Connection {
 public:
  /// `purpose` becomes part of application_name: "authkit-mirror <purpose> <instance>", of which
  /// PostgreSQL keeps 63 bytes.
  Connection(const DatabaseOptions& options, std::string_view purpose, std::string_view instance = {});
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  [[nodiscard]] const DatabaseOptions& options() const { return options_; }
  /// The schema as a quoted identifier; `table("users")` is `"workos".users`.
  [[nodiscard]] const std::string& schema() const { return schema_; }
  [[nodiscard]] std::string table(std::string_view name) const;
  /// True if a transaction pooler stands between (the server process differs from the one libpq was told about).
  [[nodiscard]] bool is_pooled() const { return pooled_; }
  /// True if the server's default would call a commit done before it is on disk.
  [[nodiscard]] bool commits_lazily() const { return commits_lazily_; }
  /// The server process of this session.
  [[nodiscard]] int backend_pid() const { return backend_pid_; }
  /// To be fetched by the thread that owns the connection, to be used by the one that wants it to stop.
  [[nodiscard]] Canceller canceller() const;
  /// False after the session was lost.
  [[nodiscard]] bool is_open() const;
  /// For Transaction and for tests.
  [[nodiscard]] RawConnection& raw() const { return *raw_; }

 private:
  DatabaseOptions options_;
  std::string schema_;
  std::unique_ptr<RawConnection> raw_;
  int backend_pid_ = 0;
  bool pooled_ = false;
  bool commits_lazily_ = false;
};

/// `name` as an SQL identifier. Throws Error (misconfigured) if it can't be one: empty, or longer than 63 bytes.
std::string quote_identifier(std::string_view name);

}  // namespace mirror::db
