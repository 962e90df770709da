#include "tests/harness/test_database.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <stdexcept>
#include <utility>

#include "db/migrator.hpp"
#include "db/transaction.hpp"
#include "tests/harness/connection_string.hpp"

// libpqxx 6 loses the result of a statement during which the session is lost; nothing of ours can free it.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx\n";
}

namespace mirror::harness {
namespace {

std::string cluster_from_environment() {
  const char* url = std::getenv("AUTHKIT_MIRROR_TEST_DATABASE_URL");
  if (url != nullptr && *url != '\0') return url;
  throw std::runtime_error(
      "This test needs a PostgreSQL server and AUTHKIT_MIRROR_TEST_DATABASE_URL is not set. Run ./dev test, which "
      "starts one.");
}

db::DatabaseOptions options_for(const std::string& url) {
  db::DatabaseOptions options;
  options.url = url;
  return options;
}

/// Outside a transaction, which CREATE DATABASE and DROP DATABASE refuse.
void run_in_cluster(const std::string& cluster_url, const std::string& sql) {
  const db::Connection connection(options_for(cluster_url), "test set-up");
  connection.raw().send(sql);
}

}  // namespace

TestDatabase::TestDatabase(Content content) : TestDatabase(cluster_from_environment(), content) {}

TestDatabase::TestDatabase(std::string cluster_url, Content content)
    : cluster_url_(std::move(cluster_url)),
      name_(fmt::format("mirror_test_{}_{:08x}", getpid(), std::random_device{}())) {
  run_in_cluster(cluster_url_, fmt::format("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0", name_));
  if (content == Content::migrated_schema) db::Migrator(helper()).migrate();
}

TestDatabase::~TestDatabase() {
  helper_.reset();
  if (std::getenv("AUTHKIT_MIRROR_KEEP_DATABASE") != nullptr) {
    std::cerr << "kept: psql \"" << url() << "\"\n";
    return;
  }
  try {
    run_in_cluster(cluster_url_, fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
  } catch (const std::exception& error) {
    std::cerr << "the database " << name_ << " was not dropped: " << error.what() << "\n";
  }
}

std::string TestDatabase::url() const {
  auto settings = parse_connection_string(cluster_url_);
  settings["dbname"] = name_;
  return to_connection_string(settings);
}

db::DatabaseOptions TestDatabase::options() const {
  return options_for(url());
}

db::Connection TestDatabase::connect(std::string_view purpose, std::string_view instance) const {
  return {options(), purpose, instance};
}

db::Connection& TestDatabase::helper() {
  if (!helper_ || !helper_->is_open()) helper_ = std::make_unique<db::Connection>(connect("test"));
  return *helper_;
}

void TestDatabase::execute(const std::string& sql) {
  db::Transaction transaction(helper());
  transaction.run(sql);
  transaction.commit();
}

std::int64_t TestDatabase::count(const std::string& sql) {
  return std::stoll(value(sql));
}

std::string TestDatabase::value(const std::string& sql) {
  const auto all = rows(sql);
  return all.empty() ? "" : all[0][0];
}

std::vector<std::vector<std::string>> TestDatabase::rows(const std::string& sql) {
  db::Transaction transaction(helper());
  std::vector<std::vector<std::string>> all;
  for (const auto& row : transaction.run(sql)) {
    std::vector<std::string>& texts = all.emplace_back();
    for (const auto& field : row) texts.emplace_back(field.is_null() ? "NULL" : field.c_str());
  }
  return all;
}

}  // namespace mirror::harness
