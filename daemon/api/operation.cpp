#include "api/operation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "api/operation_tables.hpp"
#include "support/error.hpp"
#include "support/nearest_name.hpp"

namespace mirror::api {

const Parameter* Operation::find(std::string_view parameter) const noexcept {
  const auto found = std::ranges::find_if(
      parameters, [&](const Parameter& own) { return own.name == parameter && own.constant.empty(); });
  return found == parameters.end() ? nullptr : &*found;
}

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> joined;
    for (auto part : {sign_in_operations(), grant_operations(), code_operations(), factor_operations(),
                      user_operations(), address_operations(), invitation_operations(), organization_operations(),
                      domain_operations(), membership_operations(), environment_operations()}) {
      std::ranges::move(part, std::back_inserter(joined));
    }
    return joined;
  }();
  return all;
}

const Operation& find_operation(std::string_view name) {
  std::vector<std::string> names;
  for (const Operation& operation : operations()) {
    if (operation.name == name) return operation;
    names.emplace_back(operation.name);
  }
  const auto nearest = nearest_name(name, names);
  throw Error(Fault::usage,
              fmt::format("\"{}\" is no operation{}", name, nearest ? ", did you mean \"" + *nearest + "\"?" : ""),
              "`authkit-mirror api list` shows all of them");
}

}  // namespace mirror::api
