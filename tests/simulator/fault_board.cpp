#include "tests/simulator/fault_board.hpp"

#include "support/error.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {
namespace {

bool lies_below(std::string_view path, std::string_view start) {
  return path.starts_with(start) && (path.size() == start.size() || start.ends_with('/') || path[start.size()] == '/');
}

bool concerns(const ArmedFault& fault, const Request& request) {
  const auto kind = find_kind(fault.target);
  const std::string_view start = kind ? list_path(*kind) : std::string_view{fault.target};
  return lies_below(request.path, start) && request.method == fault.parameters.text("method", "GET") &&
         request.target.find(fault.parameters.text("query")) != std::string::npos;
}

}  // namespace

int FaultBoard::arm(const FaultOrder& order) {
  const FaultKind* kind = find_fault_kind(order.name);
  if (kind == nullptr) throw Error(Fault::usage, "the simulator has no fault " + order.name);
  ArmedFault fault;
  fault.kind = kind;
  fault.number = static_cast<int>(faults_.size());
  fault.target = order.target.empty() ? "/" : order.target == "events" ? "/events" : order.target;
  fault.remaining = order.count.value_or(kind->default_count);
  fault.probability = order.probability;
  fault.skip = order.skip;
  fault.parameters = order.parameters;
  if (kind->on_arm != nullptr) kind->on_arm(fault, store_, random_);
  faults_.push_back(std::move(fault));
  return faults_.back().number;
}

void FaultBoard::clear() {
  for (const auto& fault : faults_) {
    for (const auto& [kind, id] : fault.objects) store_.heal(kind, id);
  }
  faults_.clear();
}

std::size_t FaultBoard::fired(std::string_view name) const {
  std::size_t sum = 0;
  for (const auto& fault : faults_) sum += fault.kind->name == name ? fault.fired : 0;
  return sum;
}

bool FaultBoard::is_due(ArmedFault& fault, const Request& request) {
  if (fault.remaining == 0 || !concerns(fault, request)) return false;
  if (fault.skip > 0) {
    --fault.skip;
    return false;
  }
  return fault.probability >= 1 || random_.chance(fault.probability);
}

void FaultBoard::count(ArmedFault& fault) {
  ++fault.fired;
  if (fault.remaining > 0) --fault.remaining;
}

std::optional<Answer> FaultBoard::on_request(const Request& request) {
  for (auto& fault : faults_) {
    if (fault.kind->on_request == nullptr || !is_due(fault, request)) continue;
    FaultTurn turn{fault, request, store_};
    if (auto answer = fault.kind->on_request(turn)) {
      count(fault);
      return answer;
    }
  }
  return std::nullopt;
}

void FaultBoard::on_query(const Request& request, const Listing& listing, PageQuery& query) {
  for (auto& fault : faults_) {
    if (fault.kind->on_query == nullptr || !is_due(fault, request)) continue;
    FaultTurn turn{fault, request, store_};
    if (fault.kind->on_query(turn, listing, query)) count(fault);
  }
}

void FaultBoard::on_page(const Request& request, const Listing& listing, const PageQuery& query, Page& page) {
  for (auto& fault : faults_) {
    if (fault.kind->on_page == nullptr || !is_due(fault, request)) continue;
    FaultTurn turn{fault, request, store_};
    if (fault.kind->on_page(turn, listing, query, page)) count(fault);
  }
}

void FaultBoard::on_answer(const Request& request, Answer& answer) {
  for (auto& fault : faults_) {
    if (fault.kind->on_answer == nullptr || !is_due(fault, request)) continue;
    FaultTurn turn{fault, request, store_};
    if (fault.kind->on_answer(turn, answer)) count(fault);
  }
}

}  // namespace mirror::simulator
