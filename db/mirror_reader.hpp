#pragma once

#include <mutex>
#include <string>

#include "db/connection.hpp"
#include "db/erased_ids.hpp"
#include "db/mirror_tables.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

/// Reads the mirror of one environment beside its writer: one connection, each question a transaction that can't write.
/// Needs no lease. Thread-safe: one question at a time.
class MirrorReader {
 public:
  /// Connects. Throws Error as Connection does, and (misconfigured) unless the schema is this version's.
  MirrorReader(const DatabaseOptions& options, const std::string& environment);

  /// Returns `question(transaction, tables)`. Throws Error as Transaction does.
  template <typename Question>
  auto ask(Question question) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(connection_);
    transaction.run("SET TRANSACTION READ ONLY");
    return question(transaction, tables_);
  }

  /// Who was erased when this object was made. For questions only: they are asked one at a time.
  [[nodiscard]] const ErasedIds& erased() const { return erased_; }

 private:
  std::mutex mutex_;
  Connection connection_;
  const MirrorTables tables_;
  ErasedIds erased_;
};

}  // namespace mirror::db
