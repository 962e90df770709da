#include "db/change_listener.hpp"

#include <fmt/core.h>
#include <libpq-fe.h>
#include <poll.h>

#include <memory>
#include <thread>

#include "db/transaction.hpp"

namespace mirror::db {
namespace {

using Notification = std::unique_ptr<PGnotify, decltype(&PQfreemem)>;

}  // namespace

ChangeListener::ChangeListener(Connection& connection) : connection_(connection) {
  // Behind a pooler another client would be registered, for as long as it has the server's session.
  if (connection.is_pooled()) return;
  Transaction transaction(connection);
  const Result result =
      transaction.run(fmt::format("SELECT pg_is_in_recovery(), {}()", connection.table("changes_channel")));
  if (result[0][0].as<bool>()) return;
  transaction.run("LISTEN " + quote_identifier(view(result[0][1])));
  transaction.commit();
  listens_ = true;
}

void ChangeListener::wait(std::chrono::milliseconds most) {
  if (!listens_) {
    std::this_thread::sleep_for(most);
    return;
  }
  PGconn* const handle = connection_.raw().handle();
  const auto take_all = [&] {
    bool any = false;
    while (const Notification taken{PQnotifies(handle), &PQfreemem}) any = true;
    return any;
  };
  // What came beside the answer of a statement is there already.
  if (take_all()) return;
  pollfd readable{PQsocket(handle), POLLIN, 0};
  if (::poll(&readable, 1, static_cast<int>(most.count())) > 0) {
    PQconsumeInput(handle);
    take_all();
  }
}

}  // namespace mirror::db
