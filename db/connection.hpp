#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "db/database_options.hpp"

namespace mirror::db {

class RawConnection;  // pqxx_compat.hpp

/// One PostgreSQL connection. Opens in the constructor; throws Error (unavailable, refused, misconfigured). After an
/// Error of Fault::unavailable the object is done for: destroy it and open a new one. Holds no session state, so that
/// it works behind a transaction pooler: settings are made per transaction. Not thread-safe; one per thread.
class Connection {
 public:
  /// `purpose` becomes part of application_name: "authkit-mirror <purpose> <instance>".
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
  /// The server process of this session.
  [[nodiscard]] int backend_pid() const { return backend_pid_; }
  /// For Transaction and for tests.
  [[nodiscard]] RawConnection& raw() const { return *raw_; }

 private:
  DatabaseOptions options_;
  std::string schema_;
  std::unique_ptr<RawConnection> raw_;
  int backend_pid_ = 0;
  bool pooled_ = false;
};

/// `name` as an SQL identifier.
std::string quote_identifier(std::string_view name);

}  // namespace mirror::db
