#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.hpp"

namespace mirror::harness {

/// What a test database begins with.
enum class Content { nothing, migrated_schema };

/// A database of its own for one test, in the cluster that AUTHKIT_MIRROR_TEST_DATABASE_URL names; dropped in the
/// destructor unless AUTHKIT_MIRROR_KEEP_DATABASE is set. Throws std::runtime_error with what to do if there is no
/// cluster. Its own queries use a connection of their own. Not thread-safe.
class TestDatabase {
 public:
  explicit TestDatabase(Content content = Content::migrated_schema);
  /// In another cluster, for example a PrivateCluster.
  TestDatabase(std::string cluster_url, Content content);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& cluster_url() const { return cluster_url_; }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] db::DatabaseOptions options() const;
  [[nodiscard]] db::Connection connect(std::string_view purpose = "test", std::string_view instance = {}) const;

  /// Closes the connection of the queries below; the next one opens another. For tests that end the server.
  void disconnect() { helper_.reset(); }

  /// Runs one or more statements and commits them.
  void execute(const std::string& sql);
  /// The first field of the first row: as a number, or as text ("NULL" for null, "" if there is no row).
  [[nodiscard]] std::int64_t count(const std::string& sql);
  [[nodiscard]] std::string value(const std::string& sql);
  /// All rows, as text with "NULL" for null.
  [[nodiscard]] std::vector<std::vector<std::string>> rows(const std::string& sql);

 private:
  db::Connection& helper();

  std::string cluster_url_;
  std::string name_;
  std::unique_ptr<db::Connection> helper_;
};

}  // namespace mirror::harness
