#include "db/mirror_reader.hpp"

#include "db/migrator.hpp"

namespace mirror::db {

MirrorReader::MirrorReader(const DatabaseOptions& options, const std::string& environment)
    : connection_(options, "reader"), tables_(connection_, environment), erased_(environment) {
  Migrator{connection_}.require_current();
  Transaction transaction(connection_);
  erased_.load(transaction);
}

}  // namespace mirror::db
