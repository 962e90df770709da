#pragma once

#include <string_view>
#include <vector>

namespace mirror::api {

/// Where a parameter goes in a request.
enum class Place { path, query, body };

/// What a parameter's value may be.
enum class ValueType {
  text,
  integer,
  boolean,
  texts,   ///< a list of texts; comma-joined in a query
  object,  ///< a JSON object of texts; with `nullable`, a null removes a key
  objects  ///< a JSON list of objects
};

/// One value that an operation takes. A plain value; all texts have static lifetime.
struct Parameter {
  std::string_view name;
  Place place = Place::body;
  ValueType type = ValueType::text;
  std::string_view meaning;
  bool required = false;
  bool nullable = false;          ///< a JSON null says: remove what is set
  bool secret = false;            ///< lets its holder in: never on a command line, in an error or in a log
  std::string_view choices = {};  ///< the values allowed, separated by commas; empty: any
  int least = 0;                  ///< of an integer; both 0: any
  int most = 0;
  std::string_view constant = {};  ///< always sent with this value; nobody gives it
};

/// What several parameters of an operation have to do with each other.
struct ParameterRule {
  enum class Kind { at_least_one, at_most_one, second_needs_first };
  Kind kind;
  std::vector<std::string_view> names;
};

/// Who the API wants to know the caller as.
enum class Caller {
  key,           ///< the API key as bearer token
  client,        ///< a client id in the body, with the API key as its client_secret
  maybe_public,  ///< the same, or a client that can keep no secret and sends none
  device,        ///< a client id in the body; an API key goes along if there is one and the client is not public
  browser        ///< nobody calls it from here: the request is an address that a browser opens
};

/// One operation of the AuthKit API.
struct Operation {
  std::string_view name;  ///< "users.get"
  std::string_view method;
  std::string_view path;  ///< "/user_management/users/{id}"
  Caller caller = Caller::key;
  std::string_view summary;
  std::vector<Parameter> parameters;
  std::string_view example;  ///< values as they stand on a command line
  std::vector<ParameterRule> rules = {};

  /// Null if it takes no parameter of that name from its caller.
  [[nodiscard]] const Parameter* find(std::string_view parameter) const noexcept;
  /// It lists objects page by page.
  [[nodiscard]] bool is_paged() const noexcept { return find("after") != nullptr; }
  /// Sending it twice does no harm: POST is only repeated when it surely was not carried out, others change nothing
  /// more the second time. A create is told twice by its idempotency key.
  [[nodiscard]] bool is_repeatable() const noexcept { return method != "POST" || name.ends_with(".create"); }
};

/// All operations, in the order in which they are shown. Source: the official description of the API,
/// github.com/workos/openapi-spec, release 0.61.0. Thread-safe.
const std::vector<Operation>& operations();

/// Throws Error (usage) that names the nearest one.
const Operation& find_operation(std::string_view name);

}  // namespace mirror::api
