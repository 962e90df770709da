#include "sync/command_inbox.hpp"

#include <fmt/core.h>

#include "db/mirror_tables.hpp"
#include "support/log.hpp"
#include "sync/command_text.hpp"

namespace mirror::sync {

void CommandInbox::poll(const std::vector<db::CommandRecord>& waiting) {
  for (const auto& command : waiting) {
    if (!passes_.contains(command.id) && !decisions_.contains(command.id)) begin(command);
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
  for (auto decision = decisions_.begin(); decision != decisions_.end();) {
    if (decision->second.wait_for(std::chrono::seconds::zero()) != std::future_status::ready) {
      ++decision;
      continue;
    }
    answer(decision->first, decision->second.get());
    decision = decisions_.erase(decision);
  }
}

void CommandInbox::begin(const db::CommandRecord& command) {
  log::info("command {} ({}) from {} begins", command.id, command.kind, command.requested_by);
  if (command.kind == "sync") {
    begin_pass(command.id);
  } else if (command.kind == "approve" || command.kind == "discard") {
    begin_decision(command);
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

void CommandInbox::begin_decision(const db::CommandRecord& command) {
  decisions_.emplace(command.id, std::async(std::launch::async, [this, command] {
                       try {
                         const auto arguments = read_hold_arguments(command.arguments);
                         const auto decide = command.kind == "approve" ? approve_hold : discard_hold;
                         return Answer{"done", to_json(decide(period_.session(), arguments.id, arguments.decided_by,
                                                              period_.stop_token()))};
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
