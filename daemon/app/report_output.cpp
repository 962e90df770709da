#include "app/report_output.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "app/text_table.hpp"

namespace mirror::app {
namespace {

constexpr const char* end_of_record = "\r\n";

/// Empty after the last row, and once nothing more can be written.
std::optional<db::ReportReader::Row> next_row(const std::ostream& out, db::ReportReader& reader) {
  return out.good() ? reader.next() : std::nullopt;
}

std::size_t write_table(std::ostream& out, db::ReportReader& reader) {
  TextTable table(reader.columns());
  std::size_t rows = 0;
  for (; auto row = next_row(out, reader); ++rows) {
    TextTable::Row cells;
    for (auto& value : *row) cells.push_back(value.value_or(""));
    table.add(std::move(cells));
  }
  if (rows > 0) out << table.text();
  return rows;
}

void write_record(std::ostream& out, const db::ReportReader::Row& row) {
  const char* separator = "";
  for (const auto& value : row) out << std::exchange(separator, ",") << csv_field(value);
  out << end_of_record;
}

std::size_t write_csv(std::ostream& out, db::ReportReader& reader) {
  write_record(out, {reader.columns().begin(), reader.columns().end()});
  std::size_t rows = 0;
  for (; const auto row = next_row(out, reader); ++rows) write_record(out, *row);
  return rows;
}

/// One document, a row per line.
std::size_t write_json(std::ostream& out, db::ReportReader& reader, const std::string& name) {
  out << "{\"report\":" << nlohmann::json(name).dump() << ",\"rows\":[";
  std::size_t rows = 0;
  for (; const auto row = next_row(out, reader); ++rows)
    out << (rows > 0 ? ",\n" : "\n") << row->front().value_or("null");
  out << "]}\n";
  return rows;
}

}  // namespace

std::string csv_field(const std::optional<std::string>& value) {
  if (!value) return {};
  if (!value->empty() && value->find_first_of(",\"\r\n") == std::string::npos) return *value;
  std::string quoted = "\"";
  for (const char c : *value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::size_t write_report(std::ostream& out, db::ReportReader& reader, ReportFormat format, const std::string& name) {
  switch (format) {
    case ReportFormat::csv:
      return write_csv(out, reader);
    case ReportFormat::json:
      return write_json(out, reader, name);
    case ReportFormat::table:
      break;
  }
  return write_table(out, reader);
}

}  // namespace mirror::app
