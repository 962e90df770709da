#include "tests/crash/read_ledger.hpp"

#include <algorithm>
#include <stdexcept>

#include "model/streams.hpp"

namespace mirror::crash {
namespace {

/// The value of a parameter of a request as it was sent; ids need no decoding.
std::string parameter(const std::string& page, const std::string& name) {
  for (const char* separator : {"?", "&"}) {
    const std::string start = separator + name + "=";
    const auto found = page.find(start);
    if (found == std::string::npos) continue;
    const auto from = found + start.size();
    return page.substr(from, page.find('&', from) - from);
  }
  return {};
}

/// Reads in descending order are closing proofs and probes; they are made for each process anew.
bool belongs_to_walk(const std::string& page) {
  return parameter(page, "order") == "asc";
}

std::string stream_of(const std::string& page) {
  const std::string path = page.substr(0, page.find('?'));
  for (const StreamSpec* stream : all_streams()) {
    if (stream->list_path == path) return std::string(stream->name);
  }
  throw std::runtime_error("no stream is listed by " + path);
}

/// The first of `pages` that is not committed: the one behind the committed cursor.
std::vector<std::string>::const_iterator find_next(const std::vector<std::string>& pages, const std::string& cursor) {
  return std::ranges::find_if(pages, [&](const auto& page) { return parameter(page, "after") == cursor; });
}

/// Stream, organization, snapshot, state, cursor, and whether the list will be read once more for its proof.
constexpr const char* walks_under_way = R"sql(
  SELECT walk.stream, walk.scope, walk.snapshot_id, walk.state, COALESCE(walk.progress ->> 'cursor', ''),
    walk.scope <> '' AND walk.state = 'finished' AND EXISTS (
      SELECT FROM workos.candidates AS candidate
      WHERE candidate.snapshot_id = walk.snapshot_id AND candidate.scope = walk.scope)
  FROM workos.walks AS walk
  JOIN workos.snapshots AS snapshot ON snapshot.id = walk.snapshot_id AND snapshot.state = 'running'
)sql";

}  // namespace

std::vector<std::string> ReadLedger::enter(harness::TestDatabase& database, const std::vector<std::string>& pages,
                                           const Exists& exists) {
  const PagesByList read = by_list(pages);
  auto unneeded = count_rereads(read, exists);
  settle(database, read);
  return unneeded;
}

ReadLedger::PagesByList ReadLedger::by_list(const std::vector<std::string>& pages) {
  PagesByList lists;
  for (const auto& page : pages) {
    if (belongs_to_walk(page)) lists[{stream_of(page), parameter(page, "organization_id")}].push_back(page);
  }
  return lists;
}

std::vector<std::string> ReadLedger::count_rereads(const PagesByList& read, const Exists& exists) {
  std::vector<std::string> unneeded;
  for (const auto& [name, pages] : read) {
    pages_read_ += pages.size();
    const auto known = lists_.find(name);
    if (known == lists_.end()) continue;
    const Reads& before = known->second;
    const bool is_excused = before.is_read_once_more || (!before.cursor.empty() && !exists(before.cursor));
    for (const auto& page : pages) {
      if (before.in_flight.contains(page)) ++pages_read_again_;
      if (before.committed.contains(page) && !is_excused) unneeded.push_back(page);
    }
  }
  return unneeded;
}

/// What the database holds of the walks of running snapshots decides what of the pages just read was committed.
void ReadLedger::settle(harness::TestDatabase& database, const PagesByList& read) {
  std::map<ListName, Reads> now;
  for (const auto& row : database.rows(walks_under_way)) {
    const ListName name{row[0], row[1]};
    Reads reads{row[2], {}, {}, row[4], row[5] == "t"};
    const auto before = lists_.find(name);
    if (before != lists_.end() && before->second.snapshot == reads.snapshot) reads.committed = before->second.committed;
    const auto pages = read.find(name);
    if (pages != read.end()) {
      const auto& all = pages->second;
      const auto next = row[3] == "running" ? find_next(all, reads.cursor) : all.end();
      reads.committed.insert(all.begin(), next);
      reads.in_flight.insert(next, all.end());
    }
    now[name] = std::move(reads);
  }
  for (const auto& row : database.rows("SELECT stream, id FROM workos.snapshots WHERE state = 'running'")) {
    for (const auto& [name, pages] : read) {
      // A list that no walk is stored of has no committed page yet.
      if (name.stream == row[0]) now.try_emplace(name, Reads{row[1], {}, {pages.begin(), pages.end()}, {}, false});
    }
  }
  std::size_t in_flight = 0;
  for (const auto& [name, reads] : now) in_flight += reads.in_flight.size();
  most_in_flight_ = std::max(most_in_flight_, in_flight);
  lists_ = std::move(now);
}

}  // namespace mirror::crash
