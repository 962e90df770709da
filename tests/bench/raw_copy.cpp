#include "tests/bench/raw_copy.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

namespace mirror::bench {
namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr std::size_t chunk_size = 1 << 20;

Connection connect(const std::string& url) {
  Connection connection(PQconnectdb(url.c_str()), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  return connection;
}

void run(PGconn* connection, const std::string& sql, ExecStatusType expected = PGRES_COMMAND_OK) {
  const Result result(PQexec(connection, sql.c_str()), &PQclear);
  if (PQresultStatus(result.get()) != expected) throw std::runtime_error(PQerrorMessage(connection));
}

void finish_copy(PGconn* connection) {
  while (const Result result{PQgetResult(connection), &PQclear}) {
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(connection));
  }
}

void copy_out(PGconn* connection, const std::string& table, const std::filesystem::path& file) {
  run(connection, "COPY " + table + " TO STDOUT", PGRES_COPY_OUT);
  std::ofstream out(file, std::ios::binary);
  char* row = nullptr;
  int length = 0;
  while ((length = PQgetCopyData(connection, &row, 0)) > 0) {
    out.write(row, length);
    PQfreemem(row);
  }
  finish_copy(connection);
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

void copy_in(PGconn* connection, const std::string& table, const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> chunk(chunk_size);
  run(connection, "COPY " + table + " FROM STDIN", PGRES_COPY_IN);
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || in.gcount() > 0) {
    if (PQputCopyData(connection, chunk.data(), static_cast<int>(in.gcount())) != 1) {
      throw std::runtime_error(PQerrorMessage(connection));
    }
  }
  if (PQputCopyEnd(connection, nullptr) != 1) throw std::runtime_error(PQerrorMessage(connection));
  finish_copy(connection);
}

}  // namespace

double seconds_of_raw_copy(const std::string& url, const std::string& table, const std::filesystem::path& scratch) {
  const Connection connection = connect(url);
  const auto file = scratch / "rows";
  copy_out(connection.get(), table, file);
  run(connection.get(), "TRUNCATE " + table);
  run(connection.get(), "CHECKPOINT");
  const auto began = std::chrono::steady_clock::now();
  copy_in(connection.get(), table, file);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - began;
  std::filesystem::remove(file);
  return time.count();
}

}  // namespace mirror::bench
