#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/command.hpp"
#include "app/line_output.hpp"
#include "app/signals.hpp"
#include "app/text_table.hpp"
#include "db/change_listener.hpp"
#include "db/feed_reader.hpp"
#include "db/migrator.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "support/backoff.hpp"
#include "support/clock.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::app {
namespace {

struct ChangesArguments {
  std::string action = "show";
  std::string consumer;
  std::string from;
  std::int64_t since = 0;
  std::string table;
  bool follow = false;
  int most = 0;  ///< 0: all
};

/// Changes in one transaction: while a slow reader takes them, the consumer's row stays locked.
constexpr int changes_at_once = 100;
constexpr std::chrono::milliseconds shortest_wait{100};
constexpr std::chrono::milliseconds longest_wait{1'000};
constexpr std::chrono::milliseconds longest_rest{30'000};

db::Connection connect(const Config& config) {
  db::Connection connection(config.database, "changes");
  db::Migrator{connection}.require_current();
  return connection;
}

/// Writes changes to standard output, one line each, from a position or for a consumer.
class FeedPrinter {
 public:
  FeedPrinter(const Config& config, const ChangesArguments& arguments)
      : config_(config), arguments_(arguments), feed_(config.sync.environment), seq_(arguments.since) {}

  /// Until there are no more changes, or, if it follows them, until it is stopped or nobody reads.
  void run(const std::stop_token& stop) {
    Backoff backoff(shortest_wait, longest_rest);
    while (!is_over_ && !stop.stop_requested()) {
      try {
        db::Connection connection = connect(config_);
        ensure_consumer(connection);
        db::ChangeListener listener(connection);
        while (!is_over_ && !stop.stop_requested()) {
          pass(connection, listener, stop);
          backoff.reset();
        }
      } catch (const Error& error) {
        if (!arguments_.follow || error.fault() != Fault::unavailable) throw;
        log::warn("the change feed can't be read and is tried again: {}", error.what());
        clock_.wait_for(shortest_wait + backoff.next(), stop);
      }
    }
  }

 private:
  void ensure_consumer(db::Connection& connection) {
    if (arguments_.consumer.empty() || arguments_.from.empty()) return;
    db::Transaction transaction(connection);
    if (feed_.exists(transaction, arguments_.consumer)) return;
    feed_.create(transaction, arguments_.consumer, arguments_.from);
    transaction.commit();
  }

  void pass(db::Connection& connection, db::ChangeListener& listener, const std::stop_token& stop) {
    if (print_some(connection, stop)) {
      wait_ = shortest_wait;
    } else if (!arguments_.follow || out_.reader_is_gone()) {
      is_over_ = true;
    } else {
      await_more(connection, listener, stop);
    }
  }

  /// The position moves after the lines are out: who is killed in between prints them again (at least once).
  bool print_some(db::Connection& connection, const std::stop_token& stop) {
    db::Transaction transaction(connection);
    const auto changes = take(transaction);
    if (changes.empty()) return false;
    std::string lines;
    for (const auto& change : changes) {
      if (arguments_.table.empty() || change.table == arguments_.table) lines += change.json + "\n";
    }
    if (out_.write(lines, stop) != LineOutput::Fate::written) {
      is_over_ = true;
      return true;
    }
    transaction.commit();
    seq_ = changes.back().seq;
    printed_ += static_cast<int>(changes.size());
    is_over_ = arguments_.most > 0 && printed_ >= arguments_.most;
    return true;
  }

  std::vector<db::FeedLine> take(db::Transaction& transaction) const {
    const int most = arguments_.most > 0 ? std::min(changes_at_once, arguments_.most - printed_) : changes_at_once;
    return arguments_.consumer.empty() ? feed_.read_after(transaction, seq_, most)
                                       : feed_.consume(transaction, arguments_.consumer, most);
  }

  /// A look costs the database a row or two, and writes nothing. A notification makes it come earlier.
  void await_more(db::Connection& connection, db::ChangeListener& listener, const std::stop_token& stop) {
    while (!stop.stop_requested() && !out_.reader_is_gone()) {
      listener.wait(wait_);
      wait_ = std::min(2 * wait_, longest_wait);
      db::Transaction transaction(connection);
      const bool more = arguments_.consumer.empty() ? feed_.has_more_after(transaction, seq_)
                                                    : feed_.has_more_for(transaction, arguments_.consumer);
      // One that was dropped meanwhile is an error, of which consume() tells.
      if (more || (!arguments_.consumer.empty() && !feed_.exists(transaction, arguments_.consumer))) return;
    }
  }

  const Config& config_;
  const ChangesArguments& arguments_;
  const db::FeedReader feed_;
  SystemClock clock_;
  LineOutput out_;
  std::int64_t seq_;  ///< without a consumer
  int printed_ = 0;
  bool is_over_ = false;
  std::chrono::milliseconds wait_ = shortest_wait;
};

ExitCode show(const Invocation& invocation, const ChangesArguments& arguments) {
  const Config config = invocation.load();
  block_signals();
  std::stop_source stop;
  const SignalThread signals(stop, [] { log::warn("this command does not reload"); });
  FeedPrinter(config, arguments).run(stop.get_token());
  return ExitCode::done;
}

ExitCode list(const Invocation& invocation) {
  const Config config = invocation.load();
  db::Connection connection = connect(config);
  db::Transaction transaction(connection);
  const auto consumers = db::FeedReader(config.sync.environment).read_consumers(transaction);
  if (invocation.json) {
    nlohmann::json all = nlohmann::json::array();
    const auto text = [](const std::string& value) { return value.empty() ? nlohmann::json() : nlohmann::json(value); };
    for (const auto& consumer : consumers) {
      all.push_back({{"name", consumer.name},
                     {"seq", consumer.seq},
                     {"lag", consumer.lag},
                     {"waiting_since", text(consumer.waiting_since)},
                     {"moved_at", text(consumer.moved_at)}});
    }
    std::cout << nlohmann::json{{"consumers", all}}.dump(2) << "\n";
    return ExitCode::done;
  }
  TextTable table({"consumer", "position", "lag", "waiting since", "moved"});
  for (const auto& consumer : consumers) {
    table.add({consumer.name, std::to_string(consumer.seq), std::to_string(consumer.lag), consumer.waiting_since,
               consumer.moved_at});
  }
  if (!consumers.empty()) std::cout << table.text();
  if (consumers.empty()) std::cerr << "nobody follows the change feed\n";
  return ExitCode::done;
}

ExitCode change_consumers(const Invocation& invocation, const ChangesArguments& arguments) {
  const Config config = invocation.load();
  db::Connection connection = connect(config);
  db::Transaction transaction(connection);
  const db::FeedReader feed(config.sync.environment);
  if (arguments.action == "create") {
    const auto seq = feed.create(transaction, arguments.consumer, arguments.from.empty() ? "now" : arguments.from);
    transaction.commit();
    std::cout << fmt::format("{} begins behind change {}\n", arguments.consumer, seq);
    return ExitCode::done;
  }
  if (!feed.drop(transaction, arguments.consumer)) {
    throw Error(Fault::usage, fmt::format("there is no consumer {}", arguments.consumer),
                "`authkit-mirror changes list` names them");
  }
  transaction.commit();
  std::cout << arguments.consumer << " is forgotten\n";
  return ExitCode::done;
}

ExitCode act(const Invocation& invocation, const ChangesArguments& arguments) {
  const bool is_about_one = arguments.action == "create" || arguments.action == "drop";
  if (is_about_one && arguments.consumer.empty()) {
    throw Error(Fault::usage, "--consumer is missing", "name the consumer");
  }
  if (arguments.action == "list") return list(invocation);
  return is_about_one ? change_consumers(invocation, arguments) : show(invocation, arguments);
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const auto* table : all_tables()) names.emplace_back(table->name);
  return names;
}

CommandBody define_changes(CLI::App& app) {
  auto arguments = std::make_shared<ChangesArguments>();
  app.add_option("action", arguments->action, "show (the default), list (consumers), create or drop (one of them)")
      ->type_name("ACTION")
      ->check(CLI::IsMember({"show", "list", "create", "drop"}));
  CLI::Option* const consumer =
      app.add_option("--consumer", arguments->consumer, "go on where this consumer stands, and move it")
          ->type_name("NAME");
  app.add_option("--from", arguments->from, "where a new consumer begins: start, now, or behind a position")
      ->type_name("POSITION");
  app.add_option("--since", arguments->since, "without a consumer: begin behind this position")
      ->type_name("POSITION")
      ->check(CLI::NonNegativeNumber)
      ->excludes(consumer);
  app.add_option("--table", arguments->table, "print changes of this table only")
      ->type_name("TABLE")
      ->check(CLI::IsMember(table_names()));
  app.add_flag("--follow", arguments->follow, "go on with what is yet to come");
  app.add_option("--most", arguments->most, "take so many changes, then end; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  return [arguments](const Invocation& invocation) { return act(invocation, *arguments); };
}

}  // namespace

constinit const Command changes_command{
    "changes", "Print the change feed as JSON lines, follow it as a consumer, list the consumers",
    "  authkit-mirror changes --since 1200\n"
    "  authkit-mirror changes --follow --consumer mailing --from now | ./send_mails\n"
    "  authkit-mirror changes list    # who follows it, and how far behind\n"
    "  authkit-mirror changes drop --consumer mailing",
    true, define_changes};

}  // namespace mirror::app
