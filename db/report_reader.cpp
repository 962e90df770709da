#include "db/report_reader.hpp"

#include <fmt/format.h>

namespace mirror::db {
namespace {

/// Rows of one answer: enough to hide its round trip, little enough to keep.
constexpr int batch = 1'000;

/// SQL and what it is asked with, which is numbered as it is added.
struct Question {
  std::string sql;
  std::vector<std::optional<std::string>> arguments{};

  std::string add(std::string argument) {
    arguments.emplace_back(std::move(argument));
    return fmt::format("${}", arguments.size());
  }
};

/// The members are found once: a subquery that named the row outside would be asked again for each.
std::string organization_condition(const Connection& connection, const Report& report, const std::string& environment,
                                   const std::string& organization) {
  if (report.organization == Report::Organization::column) return " AND organization_id = " + organization;
  return fmt::format(
      " AND user_id IN (SELECT user_id FROM {} WHERE _env = {} AND organization_id = {} AND status = 'active')",
      connection.table("organization_memberships_live"), environment, organization);
}

Question question_of(const Connection& connection, const Report& report, const ReportArguments& arguments,
                     ReportForm form) {
  Question question;
  std::string source = connection.table(report.name);
  if (report.days == Report::Days::argument) {
    source += arguments.days ? fmt::format("({}::integer)", question.add(std::to_string(*arguments.days)))
                             : std::string("()");
  }
  const std::string environment = question.add(arguments.environment);
  question.sql = fmt::format("SELECT {} FROM {} AS report WHERE report._env = {}",
                             form == ReportForm::objects ? "row_to_json(report)::text" : "*", source, environment);
  if (!arguments.organization.empty()) {
    question.sql += organization_condition(connection, report, environment, question.add(arguments.organization));
  }
  if (report.days == Report::Days::since && arguments.days) {
    // A day counts from its beginning.
    question.sql += fmt::format(" AND {} >= (now() AT TIME ZONE 'UTC')::date - {}::integer", report.date_column,
                                question.add(std::to_string(*arguments.days)));
  }
  question.sql += fmt::format(" ORDER BY {}", report.order);
  if (arguments.limit > 0) question.sql += fmt::format(" LIMIT {}", arguments.limit);
  return question;
}

}  // namespace

ReportReader::ReportReader(Connection& connection, const Report& report, const ReportArguments& arguments,
                           ReportForm form)
    : transaction_(connection) {
  check_arguments(report, arguments);
  open(report, arguments, form);
  fetch();
}

void ReportReader::open(const Report& report, const ReportArguments& arguments, ReportForm form) {
  // Compiling a plan takes longer than any of these saves by it.
  transaction_.run("SET LOCAL jit = off");
  // All rows will be taken, or as many as a LIMIT says: a plan that is quick with the first ones is slow with the rest.
  transaction_.run("SET LOCAL cursor_tuple_fraction = 1");
  const Question question = question_of(transaction_.connection(), report, arguments, form);
  transaction_.run_list("DECLARE report NO SCROLL CURSOR FOR " + question.sql, question.arguments);
}

void ReportReader::fetch() {
  const Result result = transaction_.run(fmt::format("FETCH {} FROM report", batch));
  if (columns_.empty()) {
    for (int column = 0; column < static_cast<int>(result.columns()); ++column) {
      columns_.emplace_back(result.column_name(column));
    }
  }
  rows_.clear();
  place_ = 0;
  for (const auto& fields : result) {
    Row row;
    for (const auto& field : fields) {
      row.push_back(field.is_null() ? std::nullopt : std::optional(std::string(view(field))));
    }
    rows_.push_back(std::move(row));
  }
  // Nothing to keep, but neither was it broken off, as a rollback would tell whoever watches the server.
  if (rows_.size() < batch) transaction_.commit();
}

std::optional<ReportReader::Row> ReportReader::next() {
  if (place_ == rows_.size()) {
    if (rows_.size() < batch) return std::nullopt;
    fetch();
    if (rows_.empty()) return std::nullopt;
  }
  return std::move(rows_[place_++]);
}

}  // namespace mirror::db
