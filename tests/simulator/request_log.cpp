#include "tests/simulator/request_log.hpp"

#include <algorithm>
#include <cctype>

namespace mirror::simulator {
namespace {

/// Ids hold capitals or digits, names of endpoints do not.
bool is_id(std::string_view segment) {
  return std::ranges::any_of(segment, [](unsigned char c) { return std::isupper(c) != 0 || std::isdigit(c) != 0; });
}

std::string without_ids(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool external = out.ends_with("/external_id");
    out.append("/").append(external || is_id(segment) ? "{id}" : segment);
    path.remove_prefix(end);
  }
  return out;
}

}  // namespace

void RequestLog::note(const Request& request, int status) {
  const std::string path = without_ids(request.path);
  ++counts_[request.method + " " + path + " " + std::to_string(status)];
  if (request.method != "GET" || status != 200 || path.ends_with("{id}")) return;
  Pages& pages = pages_[path];
  ++pages.reads;
  const auto [page, _] = reads_of_page_.try_emplace(request.target, PageReads{0, reads_of_page_.size()});
  pages.most_of_one = std::max(pages.most_of_one, ++page->second.count);
}

void RequestLog::clear() {
  counts_.clear();
  pages_.clear();
  reads_of_page_.clear();
}

std::vector<std::string> RequestLog::pages_in_order() const {
  std::vector<std::string> pages(reads_of_page_.size());
  for (const auto& [target, reads] : reads_of_page_) pages[reads.number] = target;
  return pages;
}

std::size_t RequestLog::count(const std::string& method, const std::string& path_start, int status) const {
  const std::string start = method + " " + path_start;
  const std::string end = status == 0 ? "" : " " + std::to_string(status);
  std::size_t sum = 0;
  for (const auto& [what, how_often] : counts_) {
    if (what.starts_with(start) && what.ends_with(end)) sum += how_often;
  }
  return sum;
}

}  // namespace mirror::simulator
