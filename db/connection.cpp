#include "db/connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "db/database_url.hpp"
#include "db/db_error.hpp"
#include "db/pqxx_compat.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::db {
namespace {

struct FinishHandle {
  void operator()(PGconn* handle) const { PQfinish(handle); }
};
using OwnedHandle = std::unique_ptr<PGconn, FinishHandle>;

constexpr int oldest_server = 130000;
constexpr std::size_t longest_identifier = 63;

/// Parameters before the URL are defaults that it may change; those behind it override it.
OwnedHandle open_handle(const DatabaseOptions& options, const std::string& application_name) {
  const auto seconds =
      std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count());
  const std::string connect_timeout = std::to_string(seconds);
  std::vector<std::pair<const char*, const char*>> settings{
      {"connect_timeout", connect_timeout.c_str()},
      // A host that vanishes without a word is noticed within half a minute, also in the middle of a statement.
      {"keepalives_idle", "15"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "30000"},
      {"dbname", options.url.c_str()},
      {"application_name", application_name.c_str()},
      {"client_encoding", "UTF8"},
  };
  if (!options.password.empty()) settings.emplace_back("password", options.password.expose().c_str());

  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return OwnedHandle{PQconnectdbParams(names.data(), values.data(), 1)};
}

/// Why the server refused. libpq tells the SQLSTATE of a refused connection only in its verbose text, and that can only
/// be asked for on a handle that exists: so try once more.
void reopen_or_throw(PGconn* handle) {
  const std::string message = PQerrorMessage(handle);
  if (PQconnectionNeedsPassword(handle) != 0) throw connect_error("28P01", message);
  if (message.find(":  ") == std::string::npos) throw connect_error("", message);  // no server answered
  PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
  PQreset(handle);
  if (PQstatus(handle) != CONNECTION_OK) throw connect_error(sqlstate_in(PQerrorMessage(handle)), message);
}

void check_server(PGconn* handle) {
  if (const int version = PQserverVersion(handle); version < oldest_server) {
    throw Error(Fault::misconfigured, fmt::format("the database server is PostgreSQL {}, too old", version / 10000),
                "Use PostgreSQL 13 or newer.");
  }
  const char* encoding = PQparameterStatus(handle, "server_encoding");
  if (encoding != nullptr && std::strcmp(encoding, "UTF8") != 0) {
    throw Error(Fault::misconfigured,
                fmt::format("the database is encoded in {}, which can't hold every name", encoding),
                "Create it with `createdb --encoding=UTF8 --template=template0`.");
  }
}

void log_notice(void*, const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char* text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  if (severity == nullptr || text == nullptr) return;
  const bool is_warning = std::strcmp(severity, "WARNING") == 0;
  log::write(is_warning ? log::Level::warning : log::Level::debug, fmt::format("PostgreSQL: {}", text));
}

std::unique_ptr<RawConnection> open_session(const DatabaseOptions& options, std::string_view purpose,
                                            std::string_view instance) {
  require_connection_string(options.url);
  const std::string name = fmt::format("authkit-mirror {}{}{}", purpose, instance.empty() ? "" : " ", instance);
  OwnedHandle handle = open_handle(options, name);
  if (!handle) throw std::bad_alloc();
  if (PQstatus(handle.get()) != CONNECTION_OK) reopen_or_throw(handle.get());
  check_server(handle.get());
  PQsetNoticeReceiver(handle.get(), log_notice, nullptr);
  return std::make_unique<RawConnection>(handle.release());
}

template <typename Value>
Value ask(RawConnection& raw, const char* question) {
  try {
    return compat::run(raw, question)[0][0].as<Value>();
  } catch (...) {
    rethrow_as_error();
  }
}

}  // namespace

Connection::Connection(const DatabaseOptions& options, std::string_view purpose, std::string_view instance)
    : options_(options),
      schema_(quote_identifier(options.schema)),
      raw_(open_session(options, purpose, instance)),
      backend_pid_(ask<int>(*raw_, "SELECT pg_backend_pid()")),
      // A pooler makes up the process number that it tells libpq.
      pooled_(backend_pid_ != PQbackendPID(raw_->handle())),
      commits_lazily_(ask<bool>(*raw_, "SELECT current_setting('synchronous_commit') = 'off'")) {
  const bool prepares =
      options.prepared == PreparedStatements::automatic ? !pooled_ : options.prepared == PreparedStatements::on;
  if (prepares) raw_->prepare_statements();
}

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

std::string Connection::table(std::string_view name) const {
  return fmt::format("{}.{}", schema_, quote_identifier(name));
}

bool Connection::is_open() const {
  return raw_->is_open();
}

Canceller Connection::canceller() const {
  const auto free_cancel = [](void* cancel) { PQfreeCancel(static_cast<PGcancel*>(cancel)); };
  return Canceller{std::shared_ptr<void>{PQgetCancel(raw_->handle()), free_cancel}};
}

bool Canceller::cancel() const noexcept {
  std::array<char, 256> reason{};
  return PQcancel(static_cast<PGcancel*>(cancel_.get()), reason.data(), static_cast<int>(reason.size())) == 1;
}

std::string quote_identifier(std::string_view name) {
  if (name.empty() || name.size() > longest_identifier || name.find('\0') != std::string_view::npos) {
    throw Error(Fault::misconfigured,
                fmt::format("\"{}\" can't be a name in PostgreSQL: 1 to 63 bytes are allowed", name),
                "Choose another name.");
  }
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace mirror::db
