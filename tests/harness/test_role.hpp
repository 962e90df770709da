#pragma once

#include <string>

#include "tests/harness/test_database.hpp"

namespace mirror::harness {

/// A database user that may log in and nothing else; removed with its rights in the destructor. Roles belong to the
/// whole cluster, so the name is made unique by the database's.
class TestRole {
 public:
  explicit TestRole(TestDatabase& database) : database_(database), name_(database.name() + "_role") {
    database_.execute("CREATE ROLE " + name_ + " LOGIN");
  }
  ~TestRole() {
    try {
      database_.execute("DROP OWNED BY " + name_ + " CASCADE; DROP ROLE " + name_);
    } catch (const std::exception&) {
      // A leftover role harms no other test.
    }
  }
  TestRole(const TestRole&) = delete;
  TestRole& operator=(const TestRole&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// The database's options with this user.
  [[nodiscard]] db::DatabaseOptions options() const {
    db::DatabaseOptions options = database_.options();
    options.url += " user=" + name_;
    return options;
  }

 private:
  TestDatabase& database_;
  std::string name_;
};

}  // namespace mirror::harness
