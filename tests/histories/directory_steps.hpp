#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/histories/history.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::histories {

/// Performs the steps that happen at WorkOS, and remembers who died there. Not thread-safe.
class DirectorySteps {
 public:
  DirectorySteps(simulator::Simulator& workos, const Setting& setting);

  /// False if the step is none of WorkOS' or its clock's.
  bool perform(const Step& asked);
  /// Returns the event of the deletion, also if it is not visible yet; empty if the object must stay.
  std::string erase_at_once(simulator::Kind kind, const std::string& id);
  /// Everything that exists, domains included.
  [[nodiscard]] std::set<std::string> alive();
  /// Notes who died since the last call.
  void note_deaths();
  [[nodiscard]] bool was_deleted_once(const std::string& id) const { return deleted_once_.contains(id); }
  /// The bodies of all events so far, oldest first.
  [[nodiscard]] std::vector<std::string> events();
  void pass(std::chrono::milliseconds time);
  /// Notes what there is at this instant; every step does so, too.
  void note_truth();
  /// What WorkOS held at `moment`, by table, as its lists would have shown it; a change counts from its own instant on.
  [[nodiscard]] const std::map<std::string, std::vector<std::string>>& truth_at(Instant moment) const;
  /// When something changed, or could have.
  [[nodiscard]] std::vector<Instant> instants() const;
  /// The clock was moved so far that events may have become unreachable.
  [[nodiscard]] bool has_jumped() const { return has_jumped_; }
  /// Later changes may look older than earlier ones.
  [[nodiscard]] bool has_stepped_back() const { return has_stepped_back_; }

 private:
  struct Gone {
    simulator::Kind kind;
    std::string id;
    std::string user_id;
    std::string organization_id;
  };

  void change(const Step& step, simulator::Store& store);
  void change_domains(const Step& step, simulator::Store& store);
  void erase(const Step& step, simulator::Store& store, bool with_child_events);
  void note_gone(const simulator::Record& victim, simulator::Kind kind);
  void rejoin(const Step& step, simulator::Store& store);
  void recreate(const Step& step, simulator::Store& store);

  simulator::Simulator& workos_;
  const Setting setting_;
  std::vector<Gone> gone_;
  std::set<std::string> alive_before_;
  std::set<std::string> deleted_once_;
  std::map<Instant, std::map<std::string, std::vector<std::string>>> truths_;  ///< from their instant on
  bool has_jumped_ = false;
  bool has_stepped_back_ = false;
};

}  // namespace mirror::histories
