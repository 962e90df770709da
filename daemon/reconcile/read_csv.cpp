#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reconcile/source_rows.hpp"

namespace mirror::reconcile {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// One record after the other. A quoted field may hold separators, line breaks and doubled quotes.
class CsvScanner {
 public:
  CsvScanner(std::string_view text, char separator, ProblemList& problems)
      : text_(text), separator_(separator), problems_(problems) {}

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

  SourceRow next() {
    SourceRow record{line_, {}, 0};
    do {
      record.values.emplace_back(next_field());
    } while (skip_separator());
    skip_line_break();
    return record;
  }

 private:
  std::string next_field() { return peek() == '"' ? quoted_field() : plain_field(); }

  std::string plain_field() {
    const std::size_t begin = at_;
    while (!at_end() && peek() != separator_ && peek() != '\n' && !is_crlf()) {
      if (peek() == '"') {
        problem("a quote in a field that does not begin with one");
      } else {
        ++at_;
      }
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted_field() {
    const std::size_t opened_in = line_;
    const std::size_t opened_at = at_ - line_begin_ + 1;
    std::string field;
    for (++at_; !at_end(); ++at_) {
      if (peek() == '"' && !is_doubled_quote()) return close_quote(std::move(field));
      if (peek() == '"') ++at_;
      if (peek() == '\n') begin_line(at_ + 1);
      field += peek();
    }
    problems_.add(fmt::format("line {}, character {}", opened_in, opened_at), "a quote is never closed");
    return field;
  }

  std::string close_quote(std::string field) {
    ++at_;
    if (!at_end() && peek() != separator_ && peek() != '\n' && !is_crlf()) {
      problem("text behind a closing quote");
    }
    return field;
  }

  /// The rest of the field is skipped.
  void problem(const char* message) {
    problems_.add(fmt::format("line {}, character {}", line_, at_ - line_begin_ + 1), message);
    while (!at_end() && peek() != separator_ && peek() != '\n') ++at_;
  }

  bool skip_separator() {
    if (at_end() || peek() != separator_) return false;
    ++at_;
    return true;
  }
  void skip_line_break() {
    if (is_crlf()) ++at_;
    if (at_end()) return;
    begin_line(++at_);
  }
  void begin_line(std::size_t at) {
    ++line_;
    line_begin_ = at;
  }

  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] bool is_crlf() const { return text_.substr(std::min(at_, text_.size()), 2) == "\r\n"; }
  [[nodiscard]] bool is_doubled_quote() const { return text_.substr(at_, 2) == "\"\""; }

  std::string_view text_;
  char separator_;
  ProblemList& problems_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_begin_ = 0;
};

/// Blank lines before it are skipped.
std::string_view first_line_of(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  text.remove_prefix(text.rfind('\n', first) + 1);
  return text.substr(0, text.find('\n'));
}

/// No name of a column holds any of them.
char separator_of(std::string_view text) {
  const auto first_line = first_line_of(text);
  constexpr std::array candidates{',', ';', '\t'};
  return *std::ranges::max_element(candidates, {}, [&](char c) { return std::ranges::count(first_line, c); });
}

bool is_blank(const SourceRow& record) {
  return record.values.size() == 1 && record.values[0]->find_first_not_of(" \t\r") == std::string::npos;
}

}  // namespace

SourceRows read_csv(std::string_view text, ProblemList& problems) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  SourceRows source;
  CsvScanner scanner(text, separator_of(text), problems);
  while (!scanner.at_end()) {
    SourceRow record = scanner.next();
    if (is_blank(record)) continue;
    if (source.columns.empty()) {
      for (const auto& name : record.values) {
        source.add_column(*name, fmt::format("{}, column {}", source.place(record), source.columns.size() + 1));
      }
      continue;
    }
    if (record.values.size() != source.columns.size()) {
      problems.add(source.place(record), fmt::format("{} fields, but the first line names {} columns",
                                                     record.values.size(), source.columns.size()));
      continue;
    }
    source.rows.push_back(std::move(record));
  }
  return source;
}

}  // namespace mirror::reconcile
