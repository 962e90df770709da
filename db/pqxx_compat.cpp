#include "db/pqxx_compat.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "db/db_error.hpp"

#if PQXX_VERSION_MAJOR < 7
// libpqxx 6 reads a range of parameters as long as it knows how to print an element.
template <>
struct pqxx::string_traits<mirror::db::compat::Parameter> {
  static constexpr const char* name() noexcept { return "parameter"; }
  static constexpr bool has_null() noexcept { return true; }
  static bool is_null(const mirror::db::compat::Parameter& parameter) { return parameter.is_null(); }
  static std::string to_string(const mirror::db::compat::Parameter& parameter) { return std::string{parameter.text()}; }
};
#endif

namespace mirror::db {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using OwnedResult = std::unique_ptr<PGresult, ClearResult>;

std::string sqlstate_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? "" : state;
}

[[noreturn]] void throw_failure(PGconn* handle, const PGresult* result) {
  const std::string state = PQstatus(handle) == CONNECTION_OK ? sqlstate_of(result) : "";
  throw database_error(state, result == nullptr ? PQerrorMessage(handle) : PQresultErrorMessage(result));
}

void refuse_nul(std::span<const compat::Parameter> parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    // libpq takes text up to its first NUL, so the rest would be lost silently.
    if (parameters[i].text().find('\0') != std::string_view::npos) {
      throw Error(Fault::bad_data,
                  "parameter $" + std::to_string(i + 1) + " holds a NUL byte, which PostgreSQL can't store");
    }
  }
}

#if PQXX_VERSION_MAJOR < 7

/// libpqxx 6 opens a new session by itself when the old one is lost. This policy hands out one handle, once, and keeps
/// the ownership outside.
class OneSession final : public pqxx::connectionpolicy {
 public:
  explicit OneSession(handle connected) : pqxx::connectionpolicy(std::string{}), connected_(connected) {}

  handle do_startconnect(handle current) override {
    if (current != nullptr) return current;
    if (connected_ == nullptr) throw pqxx::broken_connection("the session is lost");
    return std::exchange(connected_, nullptr);
  }
  handle do_dropconnect(handle) noexcept override { return nullptr; }
  handle do_disconnect(handle) noexcept override { return nullptr; }

 private:
  handle connected_;
};

class PqxxConnection final : public pqxx::connection_base {
 public:
  explicit PqxxConnection(PGconn* handle) : PqxxConnection(std::make_unique<OneSession>(handle)) {}
  ~PqxxConnection() { close(); }

 private:
  explicit PqxxConnection(std::unique_ptr<OneSession> policy)
      : pqxx::connection_base(*policy), policy_(std::move(policy)) {
    init();
  }

  std::unique_ptr<OneSession> policy_;
};

Result run_with(pqxx::nontransaction& session, const std::string& sql, std::span<const compat::Parameter> parameters) {
  return session.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters.begin(), parameters.end()));
}

Result run_prepared(pqxx::nontransaction& session, const std::string& name,
                    std::span<const compat::Parameter> parameters) {
  return session.exec_prepared(name, pqxx::prepare::make_dynamic_params(parameters.begin(), parameters.end()));
}

#else

using PqxxConnection = pqxx::connection;

pqxx::params params_of(std::span<const compat::Parameter> parameters) {
  pqxx::params all;
  all.reserve(parameters.size());
  for (const compat::Parameter& parameter : parameters) {
    if (parameter.is_null()) {
      all.append();
    } else {
      all.append(std::string{parameter.text()});
    }
  }
  return all;
}

Result run_with(pqxx::nontransaction& session, const std::string& sql, std::span<const compat::Parameter> parameters) {
  return session.exec(sql, params_of(parameters));
}

Result run_prepared(pqxx::nontransaction& session, const std::string& name,
                    std::span<const compat::Parameter> parameters) {
  return session.exec(pqxx::prepped{name}, params_of(parameters));
}

#endif

}  // namespace

struct RawConnection::Session {
#if PQXX_VERSION_MAJOR < 7
  explicit Session(PGconn* handle) : owned(handle, &PQfinish), connection(handle), transaction(connection) {}

  std::unique_ptr<PGconn, decltype(&PQfinish)> owned;
#else
  explicit Session(PGconn* handle)
      : connection(pqxx::connection::seize_raw_connection(handle)), transaction(connection) {}
#endif

  PqxxConnection connection;
  pqxx::nontransaction transaction;
};

RawConnection::RawConnection(pg_conn* handle) : handle_(handle), session_(std::make_unique<Session>(handle)) {
  // The only way to learn each error's SQLSTATE through libpqxx 6. Of this text database_error keeps the first line:
  // details and context repeat values, which are people's names.
  PQsetErrorVerbosity(handle_, PQERRORS_VERBOSE);
}

RawConnection::~RawConnection() = default;

Result RawConnection::run(const std::string& sql, std::span<const compat::Parameter> parameters) {
  if (parameters.empty()) return session_->transaction.exec(sql);
  refuse_nul(parameters);
  if (!prepares_) return run_with(session_->transaction, sql, parameters);
  return run_prepared(session_->transaction, prepared(sql), parameters);
}

const std::string& RawConnection::prepared(const std::string& sql) {
  const auto known = prepared_.find(sql);
  if (known != prepared_.end()) return known->second;
  const std::string name = "authkit_mirror_" + std::to_string(prepared_.size() + 1);
  session_->connection.prepare(name, sql);
  return prepared_.emplace(sql, name).first->second;
}

void RawConnection::send(const std::string& sql) {
  const OwnedResult result{PQexec(handle_, sql.c_str())};
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw_failure(handle_, result.get());
}

void RawConnection::begin_copy(const std::string& copy_statement) {
  const OwnedResult started{PQexec(handle_, copy_statement.c_str())};
  if (PQresultStatus(started.get()) != PGRES_COPY_IN) throw_failure(handle_, started.get());
}

void RawConnection::put_copy(std::string_view piece) {
  constexpr std::size_t most = 1U << 20U;  // libpq's lengths are int, and its buffer grows to what it is given
  for (; !piece.empty(); piece.remove_prefix(std::min(most, piece.size()))) {
    const auto part = piece.substr(0, most);
    if (PQputCopyData(handle_, part.data(), static_cast<int>(part.size())) != 1) throw_failure(handle_, nullptr);
  }
}

std::int64_t RawConnection::end_copy() {
  if (PQputCopyEnd(handle_, nullptr) != 1) throw_failure(handle_, nullptr);
  const OwnedResult finished{PQgetResult(handle_)};
  while (const OwnedResult more{PQgetResult(handle_)}) {
    // The session can't be used again before its last result was taken.
  }
  if (PQresultStatus(finished.get()) != PGRES_COMMAND_OK) throw_failure(handle_, finished.get());
  return std::strtoll(PQcmdTuples(finished.get()), nullptr, 10);
}

bool RawConnection::in_good_transaction() const {
  return PQtransactionStatus(handle_) == PQTRANS_INTRANS;
}

bool RawConnection::is_open() const {
  return PQstatus(handle_) == CONNECTION_OK;
}

std::string RawConnection::literal(std::string_view text) const {
  if (text.find('\0') != std::string_view::npos) throw Error(Fault::bad_data, "a text with a NUL byte can't be quoted");
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted{PQescapeLiteral(handle_, text.data(), text.size()),
                                                           &PQfreemem};
  if (!quoted) throw Error(Fault::bad_data, "a text can't be quoted for PostgreSQL: it is not valid UTF-8");
  return quoted.get();
}

}  // namespace mirror::db
