#include "tests/harness/pgbouncer.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/harness/connection_string.hpp"

namespace mirror::harness {
namespace {

void write_configuration(const std::filesystem::path& file, const std::filesystem::path& socket_directory,
                         const std::string& upstream_url) {
  std::map<std::string, std::string> upstream = parse_connection_string(upstream_url);
  const auto value = [&](const char* name, const char* otherwise) {
    const std::string found = upstream[name];
    return found.empty() ? otherwise : found;
  };
  std::ofstream(file) << "[databases]\n* = host=" << value("host", "/var/run/postgresql")
                      << " port=" << value("port", "5432") << " user=" << value("user", "postgres")
                      << "\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = "
                      << socket_directory.string()
                      << "\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n";
}

}  // namespace

Pgbouncer::Pgbouncer(const std::string& upstream_url) : directory_(true) {
  const std::filesystem::path file = directory_.path() / "pgbouncer.ini";
  write_configuration(file, directory_.path(), upstream_url);
  std::filesystem::permissions(file, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{std::filesystem::exists("/usr/sbin/pgbouncer") ? "/usr/sbin/pgbouncer" : "pgbouncer",
                               file},
      ChildOptions{.as_database_user = true, .output = directory_.path() / "pgbouncer.log"});
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    const bool late = std::chrono::steady_clock::now() > until;
    if (late || !process_->is_running()) throw std::runtime_error("pgbouncer did not start: is the package installed?");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Pgbouncer::~Pgbouncer() = default;

std::string Pgbouncer::url(const std::string& database) const {
  return to_connection_string(
      {{"host", directory_.path().string()}, {"port", "6432"}, {"user", "postgres"}, {"dbname", database}});
}

}  // namespace mirror::harness
