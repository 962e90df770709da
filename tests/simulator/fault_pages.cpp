// Faults in what a list says.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/simulator/fault_kind.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {
namespace {

void make_empty(PageQuery& query) {
  query.limit = 0;
  query.after.reset();
  query.before.reset();
}

bool repeat_cursor(FaultTurn&, const Listing&, const PageQuery& query, Page& page) {
  if (!query.after) return false;
  page.after = query.after;
  return true;
}

bool ignore_cursor(FaultTurn&, const Listing&, PageQuery& query) {
  if (!query.after) return false;
  query.after.reset();
  return true;
}

bool answer_empty(FaultTurn&, const Listing&, PageQuery& query) {
  make_empty(query);
  return true;
}

/// The object that serves as cursor goes (unless delete=false: then only if it is gone already), and the list pretends
/// to end there.
bool answer_empty_after_deletion(FaultTurn& turn, const Listing& listing, PageQuery& query) {
  if (!query.after) return false;
  if (listing.knows(*query.after)) {
    if (!listing.kind() || !turn.fault.parameters.flag("delete", true)) return false;
    turn.fault.objects.emplace_back(*listing.kind(), *query.after);
    turn.store.erase(*listing.kind(), *query.after);
  }
  make_empty(query);
  return true;
}

/// The rank at which the shortened list ends.
std::size_t shortened_end(const FaultParameters& parameters, const Listing& listing, std::size_t limit) {
  const std::size_t total = listing.rank(Item{});  // no such item: counts them all
  if (parameters.flag("before_end")) return total == 0 ? 0 : (total - 1) / limit * limit;
  const auto shorten = static_cast<std::size_t>(parameters.number("shorten", 0));
  if (shorten > 0) return total - std::min(total, shorten);
  return static_cast<std::size_t>(parameters.number("pages", 1)) * limit;
}

/// All reads in that order agree on the early end; the other order still shows the true newest objects.
bool end_early(FaultTurn& turn, const Listing& listing, const PageQuery& query, Page& page) {
  const std::string order = turn.fault.parameters.text("order", "asc");
  const bool ascending = query.ascending || !listing.kind();
  if (page.items.empty() || query.limit == 0 || (order != "both" && (order == "asc") != ascending)) return false;
  const std::size_t total = listing.rank(Item{});
  const std::size_t end = shortened_end(turn.fault.parameters, listing, query.limit);
  const std::size_t oldest_first = listing.rank(page.items.front());
  const std::size_t start = ascending ? oldest_first : total - 1 - oldest_first;
  if (end >= total || start + page.items.size() < end) return false;
  page.items.resize(end > start ? end - start : 0);
  page.after.reset();
  return true;
}

bool repeat_last_item(FaultTurn&, const Listing& listing, const PageQuery& query, Page& page) {
  if (!query.after || !listing.knows(*query.after) || page.items.empty()) return false;
  page.items.insert(page.items.begin(), listing.item(*query.after));
  if (page.items.size() > query.limit) {
    page.items.pop_back();
    page.after = std::string{page.items.back().id};
  }
  return true;
}

bool reverse_page(FaultTurn&, const Listing&, const PageQuery&, Page& page) {
  if (page.items.size() < 2) return false;
  std::ranges::reverse(page.items);
  return true;
}

/// The list forgets them from whichever end it is read; each can still be read by its id.
bool hide_objects(FaultTurn& turn, const Listing&, const PageQuery&, Page& page) {
  const auto hidden = split_commas(turn.fault.parameters.text("ids"));
  return std::erase_if(page.items, [&](const Item& item) { return std::ranges::count(hidden, item.id) > 0; }) > 0;
}

/// Gives `size` objects around each page's edge one created_at.
void tie_at_edges(ArmedFault& fault, Store& store, Random&) {
  const Kind kind = table_of_target(fault);
  const std::string scope = fault.parameters.text("organization_id");
  const Order& order = scope.empty() ? store.table(kind).order() : store.memberships_of_organization(scope);
  std::vector<const Record*> records;
  for (const auto& [position, record] : order) records.push_back(record);
  const auto every = static_cast<std::size_t>(fault.parameters.number("every", 100));
  const auto size = static_cast<std::size_t>(fault.parameters.number("size", 5));
  for (std::size_t edge = every; edge < records.size(); edge += every) {
    const std::size_t first = edge - std::min(edge, size / 2 + size % 2);
    const std::string created_at = timestamp({records[first]->position.created_microseconds});
    for (std::size_t i = first; i < std::min(first + size, records.size()); ++i) {
      store.update(kind, records[i]->id, {{"created_at", created_at}}, {.event = false, .touch = false});
    }
  }
}

bool edge_is_tied(FaultTurn&, const Listing& listing, const PageQuery& query, Page& page) {
  if (page.items.empty() || !page.after) return false;
  PageQuery next = query;
  next.before.reset();
  next.after = page.after;
  const Page behind = listing.select(next);
  return !behind.items.empty() && behind.items.front().created_microseconds == page.items.back().created_microseconds;
}

constexpr std::array kinds{
    FaultKind{
        .name = "repeated-cursor", .description = "a page names its own cursor as the next", .on_page = repeat_cursor},
    FaultKind{.name = "ignored-cursor",
              .description = "a page with a cursor starts the list again",
              .on_query = ignore_cursor},
    FaultKind{.name = "empty-list", .description = "the list says that it is empty", .on_query = answer_empty},
    FaultKind{.name = "short-list",
              .description = "the list says that it ends early (pages=1, or before_end=true: one page before its end, "
                             "or shorten=N: without its last N; order=asc|desc|both)",
              .default_count = -1,
              .on_page = end_early},
    FaultKind{.name = "hidden-objects",
              .description = "the list leaves out objects that exist (ids)",
              .default_count = -1,
              .on_page = hide_objects},
    FaultKind{.name = "reversed-page", .description = "a page is told backwards", .on_page = reverse_page},
    FaultKind{.name = "empty-after-deleted-cursor",
              .description = "the object used as cursor is deleted, and the page behind it is empty (delete=true)",
              .on_query = answer_empty_after_deletion},
    FaultKind{.name = "created-at-tie",
              .description =
                  "objects on both sides of a page's edge have one created_at (size=5, every=100, organization_id)",
              .default_count = -1,
              .on_page = edge_is_tied,
              .on_arm = tie_at_edges},
    FaultKind{.name = "duplicate-across-pages",
              .description = "a page begins with the last object of the page before",
              .on_page = repeat_last_item},
};

}  // namespace

std::span<const FaultKind> paging_faults() {
  return kinds;
}

}  // namespace mirror::simulator
