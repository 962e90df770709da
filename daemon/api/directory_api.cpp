#include "api/directory_api.hpp"

#include <fmt/format.h>

#include "api/api_client.hpp"
#include "api/api_error.hpp"
#include "api/object_decoder.hpp"
#include "api/percent_encoding.hpp"

namespace mirror::api {
namespace {

std::string list_target(const StreamSpec& stream, const ListQuery& query) {
  if (stream.scope_column.empty() != query.scope.empty()) {
    throw Error(Fault::bug, fmt::format("list of {}: it takes {}", stream.name,
                                        stream.scope_column.empty() ? "no scope" : "a scope"));
  }
  std::string target = fmt::format("{}?limit={}&order={}", stream.list_path, query.limit,
                                   query.order == ListOrder::ascending ? "asc" : "desc");
  if (!stream.list_query.empty()) target += fmt::format("&{}", stream.list_query);
  if (!query.scope.empty()) target += fmt::format("&{}={}", stream.scope_column, percent_encoded(query.scope));
  if (query.after) target += "&after=" + percent_encoded(*query.after);
  return target;
}

/// The API's word that there is no such object. Another 404, a proxy's or a wrong base URL's, is no evidence.
SingleObject not_found(const TableSpec& table, const ApiError& error) {
  SingleObject object(table);
  if (!error.answered_at()) throw error;
  object.answered_at = *error.answered_at();
  return object;
}

}  // namespace

ListPage DirectoryApi::list(const StreamSpec& stream, const ListQuery& query, Lane lane,
                            const std::stop_token& stop) const {
  ListPage page(*stream.table);
  client_->get(list_target(stream, query), lane, stop, [&](const ApiAnswer& answer) {
    page = decode_list_page(answer.body, stream);
    page.answered_at = answer.answered_at;
    page.request_id = answer.request_id;
    page.replaced_characters = answer.replaced_characters;
  });
  return page;
}

SingleObject DirectoryApi::get(const TableSpec& table, const std::string& id, Lane lane,
                               const std::stop_token& stop) const {
  SingleObject object(table);
  try {
    client_->get(fmt::format("{}/{}", table.single_path, percent_encoded(id)), lane, stop,
                 [&](const ApiAnswer& answer) {
                   object = decode_object(answer.body, table);
                   object.answered_at = answer.answered_at;
                 });
  } catch (const ApiError& error) {
    if (error.status() == 404 && error.from_workos()) return not_found(table, error);
    throw;
  }
  if (object.row.id(0) != id) {
    throw Error(Fault::unavailable, fmt::format("a read of {} {} was answered with another object", table.name, id));
  }
  return object;
}

int DirectoryApi::useful_concurrency() const {
  return client_->useful_concurrency();
}

std::optional<Instant> DirectoryApi::server_time() const {
  return client_->server_time();
}

}  // namespace mirror::api
