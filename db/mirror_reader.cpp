#include "db/mirror_reader.hpp"

#include "db/migrator.hpp"

namespace mirror::db {

MirrorReader::MirrorReader(const DatabaseOptions& options, const std::string& environment)
    : connection_(options, "reader"), tables_(connection_, environment) {
  Migrator{connection_}.require_current();
}

}  // namespace mirror::db
