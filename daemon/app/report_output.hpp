#pragma once

#include <iosfwd>
#include <string>

#include "db/report_reader.hpp"

namespace mirror::app {

enum class ReportFormat { table, csv, json };

/// Writes all rows of `reader`, which was opened for that format. CSV is that of RFC 4180, with a heading; a null is an
/// empty field, an empty text is "". A table is kept in memory until its widths are known. Returns the number of rows.
/// Stops early if `out` fails, which the caller has to look at.
std::size_t write_report(std::ostream& out, db::ReportReader& reader, ReportFormat format, const std::string& name);

/// One field of CSV.
std::string csv_field(const std::optional<std::string>& value);

}  // namespace mirror::app
