#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

/// One report as data: a view of the schema, or a function if it has a parameter. All texts have static lifetime.
struct Report {
  /// What a number of days does.
  enum class Days {
    none,
    argument,  ///< it is the function's argument, which has a default
    since      ///< it leaves out what is older; without it nothing is left out
  };
  /// How one organization can be asked for.
  enum class Organization {
    none,
    column,  ///< the rows are about organizations
    members  ///< the rows are users: those with an active membership in it
  };

  std::string_view name;
  std::string_view summary;
  Days days = Days::none;
  std::string_view date_column = {};  ///< for Days::since
  Organization organization = Organization::none;
  std::string_view order = {};                 ///< ORDER BY
  std::vector<std::string_view> streams = {};  ///< whose tables it reads
};

/// All of them, in the order in which they are shown. Thread-safe.
const std::vector<Report>& reports();

/// The report of that name, in which - may stand for _. Throws Error (usage) that names the nearest one.
const Report& find_report(std::string_view name);

/// What a report is asked with.
struct ReportArguments {
  std::string environment{};
  std::string organization{};  ///< empty: all
  std::optional<int> days{};
  int limit = 0;  ///< rows at most; 0: all
};

/// The streams whose freshness counts: those whose tables are read for the report and for what it is asked with.
std::vector<std::string_view> streams_of(const Report& report, const ReportArguments& arguments);

/// Throws Error (usage) if the report knows no such argument.
void check_arguments(const Report& report, const ReportArguments& arguments);

}  // namespace mirror::db
