#include "tests/simulator/fault_kind.hpp"

#include <algorithm>
#include <charconv>

#include "support/error.hpp"

namespace mirror::simulator {

std::string FaultParameters::text(const std::string& name, std::string_view otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string{otherwise} : found->second;
}

std::int64_t FaultParameters::number(const std::string& name, std::int64_t otherwise) const {
  const std::string value = text(name);
  std::from_chars(value.data(), value.data() + value.size(), otherwise);
  return otherwise;
}

bool FaultParameters::flag(const std::string& name, bool otherwise) const {
  return text(name, otherwise ? "true" : "false") == "true";
}

Kind table_of_target(const ArmedFault& fault) {
  for (const Kind kind : all_kinds) {
    if (fault.target == table_name(kind) || fault.target == list_path(kind)) return kind;
  }
  throw Error(Fault::usage, "the fault " + std::string{fault.kind->name} + " needs a table as its target");
}

std::vector<const FaultKind*> all_fault_kinds() {
  std::vector<const FaultKind*> all;
  for (const auto kinds : {answering_faults(), paging_faults(), wire_faults(), spoiling_faults()}) {
    for (const auto& kind : kinds) all.push_back(&kind);
  }
  return all;
}

const FaultKind* find_fault_kind(std::string_view name) {
  const auto all = all_fault_kinds();
  const auto found = std::ranges::find_if(all, [&](const FaultKind* kind) { return kind->name == name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace mirror::simulator
