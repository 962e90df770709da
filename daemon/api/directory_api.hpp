#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "model/row_batch.hpp"
#include "model/table_spec.hpp"
#include "support/instant.hpp"

namespace mirror::api {

class ApiClient;

/// Who asks: the limiter serves a higher lane first (rule R14).
enum class Lane { tail, confirm, sweep };

enum class ListOrder { ascending, descending };

struct ListQuery {
  std::optional<std::string> after;  ///< cursor: the page starts behind this object
  ListOrder order = ListOrder::ascending;
  int limit = 100;    ///< 1 to 100
  std::string scope;  ///< id for the stream's scope_column; empty for an environment-wide list
};

/// An item of a list, or of a list embedded in one, that could not be decoded (rule R10).
struct Poison {
  std::string id;     ///< empty if not even that could be read
  std::string error;  ///< what is wrong, without any value of the object
  std::string raw;    ///< the item as received, secrets removed; empty if it is no object, or too deep or too large
  const TableSpec* table = nullptr;  ///< whose row it would have been
  std::string parent_id;             ///< of the object around an embedded item: its list is not known completely
};

/// What a list says about one of its items, decodable or not, in the order of the list.
struct ListedItem {
  std::string id;                     ///< empty if unreadable
  std::optional<Instant> created_at;  ///< empty if unreadable
};

/// One page of a list, decoded.
struct ListPage {
  explicit ListPage(const TableSpec& table) : rows(table) {}

  RowBatch rows;
  std::vector<RowBatch> embedded;  ///< in the order of StreamSpec::embedded
  std::vector<ListedItem> listed;
  std::vector<ListedItem> mentioned;  ///< of StreamSpec::mentions; those that are readable
  std::vector<Poison> poison;
  std::optional<std::string> after;  ///< the next cursor; empty at the end of the list
  Instant answered_at;               ///< the answer's Date
  std::string request_id;
  std::uint32_t replaced_characters = 0;  ///< NULs, lone surrogates and invalid UTF-8 that became U+FFFD
};

/// The answer to a read by id.
struct SingleObject {
  explicit SingleObject(const TableSpec& table) : row(table) {}

  bool found = false;              ///< false: the API answered 404, the object does not exist as of `answered_at`
  RowBatch row;                    ///< one row if found
  std::vector<RowBatch> embedded;  ///< in the order of StreamSpec::embedded, if the table belongs to a stream
  std::vector<Poison> poison;      ///< embedded items that can't be decoded
  Instant answered_at;
};

/// The WorkOS directory as typed pages and objects. Throws ApiError (see api_error.hpp). Thread-safe.
class DirectoryApi {
 public:
  explicit DirectoryApi(std::shared_ptr<ApiClient> client) : client_(std::move(client)) {}

  /// One page of `stream`. Requests are retried, paced and given a deadline by the ApiClient.
  [[nodiscard]] ListPage list(const StreamSpec& stream, const ListQuery& query, Lane lane,
                              const std::stop_token& stop) const;

  /// Reads one object of `table` by its id. A found object that can't be decoded throws Error (bad_data).
  [[nodiscard]] SingleObject get(const TableSpec& table, const std::string& id, Lane lane,
                                 const std::stop_token& stop) const;

  /// How many requests at a time use the share of the quota to the full.
  [[nodiscard]] int useful_concurrency() const;

  /// What time it is at the API; empty until the first answer told it.
  [[nodiscard]] std::optional<Instant> server_time() const;

 private:
  std::shared_ptr<ApiClient> client_;
};

}  // namespace mirror::api
