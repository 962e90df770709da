#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/harness/pgbouncer.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::harness {

/// How a test reaches its database. `GENERATE(Way::direct, Way::pooled)` proves a promise for both.
enum class Way { direct, pooled };

/// A test database together with the way to it; its own queries always go directly.
class DatabaseAccess {
 public:
  explicit DatabaseAccess(Way way, Content content = Content::migrated_schema) : database_(content) {
    if (way == Way::pooled) pgbouncer_ = std::make_unique<Pgbouncer>(database_.cluster_url());
  }

  [[nodiscard]] TestDatabase& database() { return database_; }
  [[nodiscard]] db::DatabaseOptions options() const {
    db::DatabaseOptions options = database_.options();
    if (pgbouncer_) options.url = pgbouncer_->url(database_.name());
    return options;
  }
  [[nodiscard]] db::Connection connect(std::string_view purpose = "test", std::string_view instance = {}) const {
    return {options(), purpose, instance};
  }

 private:
  TestDatabase database_;
  std::unique_ptr<Pgbouncer> pgbouncer_;
};

}  // namespace mirror::harness
