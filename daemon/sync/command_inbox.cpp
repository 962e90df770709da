#include "sync/command_inbox.hpp"

#include <fmt/core.h>

#include "db/mirror_tables.hpp"
#include "support/log.hpp"
#include "sync/command_text.hpp"
#include "sync/command_work.hpp"

namespace mirror::sync {

void CommandInbox::poll(const std::vector<db::CommandRecord>& waiting) {
  for (const auto& command : waiting) {
    if (!passes_.contains(command.id) && !works_.contains(command.id)) begin(command);
  }
  for (auto pass = passes_.begin(); pass != passes_.end();) {
    std::vector<StreamResult> results;
    if (!is_finished(pass->second, results)) {
      ++pass;
      continue;
    }
    answer(pass->first, {"done", to_json(results)});
    pass = passes_.erase(pass);
  }
  for (auto work = works_.begin(); work != works_.end();) {
    if (work->second.wait_for(std::chrono::seconds::zero()) != std::future_status::ready) {
      ++work;
      continue;
    }
    answer(work->first, work->second.get());
    work = works_.erase(work);
  }
}

void CommandInbox::begin(const db::CommandRecord& command) {
  log::info("command {} ({}) from {} begins", command.id, command.kind, command.requested_by);
  if (command.kind == "sync") {
    begin_pass(command.id);
  } else if (const auto work = find_command_work(command.kind)) {
    begin_work(command, work);
  } else {
    answer(command.id, {"failed", to_json(Error(Fault::misconfigured,
                                                fmt::format("the daemon does not know the command '{}'", command.kind),
                                                "use a daemon and a command of the same version"))});
  }
}

void CommandInbox::begin_pass(std::int64_t id) {
  Pass pass;
  for (const auto& loop : period_.loops()) pass.emplace_back(loop.get(), loop->request());
  passes_.emplace(id, std::move(pass));
}

void CommandInbox::begin_work(const db::CommandRecord& command, CommandWork work) {
  works_.emplace(command.id, std::async(std::launch::async, [this, command, work] {
                   try {
                     return Answer{"done", work(period_, command.arguments)};
                   } catch (const Error& error) {
                     return Answer{"failed", to_json(error)};
                   }
                 }));
}

void CommandInbox::answer(std::int64_t id, const Answer& answer) {
  period_.session().writer.run(
      [&](WriteSession& write) { write.tables.commands.finish(write.transaction, id, answer.outcome, answer.result); },
      period_.stop_token());
}

bool CommandInbox::is_finished(const Pass& pass, std::vector<StreamResult>& results) {
  for (const auto& [loop, attempt] : pass) {
    auto result = loop->result_of(attempt);
    if (!result) return false;
    results.push_back(std::move(*result));
  }
  return true;
}

}  // namespace mirror::sync
