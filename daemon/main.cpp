#include <array>
#include <exception>

#include "app/command.hpp"
#include "app/memory.hpp"

namespace {

using namespace mirror::app;

constexpr std::array commands{
    &run_command,        // the daemon
    &sync_command,       // one full pass
    &status_command,     // how the mirror is
    &check_command,      // configuration, key, database, clock
    &config_command,     // what is configured, and where
    &verify_command,     // mirror against API
    &migrate_command,    // the schema
    &holds_command,      // deletions that wait for a person,
    &approve_command,    // let through
    &discard_command,    // or not
    &events_command,     // archive, quarantine, tail
    &changes_command,    // the change feed and who follows it
    &report_command,     // ready answers
    &wait_command,       // until a change is in the mirror
    &erase_command,      // a person, from all of it
    &reconcile_command,  // the directory, as a list wants it
    &api_command,        // the AuthKit API
    &webhook_command,    // our endpoint there
};

}  // namespace

int main(int argc, char** argv) {
  keep_malloc_small();
  try {
    return static_cast<int>(run_command_line(commands, argc, argv));
  } catch (const std::exception& error) {
    return static_cast<int>(report_failure(error));
  }
}
