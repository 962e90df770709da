#include "db/db_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

#include "db/pqxx_compat.hpp"

namespace mirror::db {
namespace {

/// What a SQLSTATE, or all that begin with it, means to us.
struct Meaning {
  std::string_view prefix;
  Fault fault;
  std::string_view next_step;
};

// The first match counts: single states before their class.
constexpr std::array meanings{
    Meaning{"AM001", Fault::lease_lost, ""},
    Meaning{"AM020", Fault::usage, ""},
    Meaning{"AM021", Fault::usage, ""},
    Meaning{"AM022", Fault::usage, "Run `authkit-mirror sync` first, or correct the environment."},
    Meaning{"AM023", Fault::usage,
            "Begin anew: `authkit-mirror changes drop` and `create`, then read the tables, then follow."},
    Meaning{"AM024", Fault::usage,
            "`authkit-mirror changes list` names them; --from start, now or a position creates one."},
    Meaning{"AM025", Fault::usage, "Drop that one, or take another name."},
    Meaning{"08", Fault::unavailable, ""},
    Meaning{"0A", Fault::misconfigured, "Check that the server is PostgreSQL 13 or newer."},
    Meaning{"0L", Fault::refused, "Run `authkit-mirror migrate` as the owner of the schema."},
    Meaning{"0P", Fault::misconfigured, "Check database.reader_role."},
    Meaning{"21", Fault::bug, ""},
    Meaning{"22", Fault::bad_data, ""},
    // Our own tables constrain next to nothing, so this is a constraint somebody added: it concerns one row.
    Meaning{"23", Fault::bad_data, "Remove the constraint that was added to the mirrored table."},
    Meaning{"25006", Fault::unavailable,
            "The server is read-only: a standby, or after a failover. Point database.url at the primary."},
    Meaning{"25P03", Fault::unavailable, ""},
    Meaning{"25", Fault::bug, ""},
    Meaning{"26", Fault::unavailable, "Set database.prepared = \"off\" if a pooler stands between."},
    Meaning{"28", Fault::refused, "Check user and password of database.url, and the server's pg_hba.conf."},
    Meaning{"3D", Fault::misconfigured, "Create the database with `createdb`, or correct database.url."},
    Meaning{"40", Fault::unavailable, ""},
    Meaning{"42501", Fault::refused,
            "Grant the missing privilege to the daemon's database user, or let it own the schema: `ALTER SCHEMA ... "
            "OWNER TO ...`."},
    Meaning{"42P01", Fault::misconfigured, "Run `authkit-mirror migrate`."},
    Meaning{"3F", Fault::misconfigured, "Run `authkit-mirror migrate`, or correct database.schema."},
    Meaning{"42", Fault::misconfigured, "Run `authkit-mirror migrate --status`: the schema may be of another version."},
    Meaning{"53100", Fault::unavailable,
            "The database server's disk is full. Free space there; the daemon goes on by itself."},
    Meaning{"53300", Fault::unavailable,
            "The database server has no free connection. Raise max_connections or use a pooler."},
    Meaning{"53", Fault::unavailable, "Check memory and disk of the database server."},
    Meaning{"54", Fault::bad_data, ""},
    Meaning{"55", Fault::unavailable, ""},
    Meaning{"57", Fault::unavailable, ""},
    Meaning{"58", Fault::unavailable, "Check the database server's disk and its log."},
    Meaning{"P0", Fault::bad_data, "Check the triggers that were added to the mirrored tables."},
    Meaning{"XX", Fault::unavailable, "Check the database server's log."},
};

Meaning meaning_of(std::string_view sqlstate) {
  if (sqlstate.empty()) {
    return {"", Fault::unavailable, ""};
  }
  for (const Meaning& meaning : meanings) {
    if (sqlstate.starts_with(meaning.prefix)) return meaning;
  }
  return {"", Fault::unavailable, "Check the database server's log."};
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

/// The first line without its severity ("ERROR:  ", in the server's language) and SQLSTATE ("42P01: ").
std::string_view primary_text(std::string_view message) {
  message = first_line(message);
  const std::string_view sqlstate = sqlstate_in(message);
  const std::size_t severity_end = message.find(":  ");
  if (severity_end != std::string_view::npos) message.remove_prefix(severity_end + 3);
  if (!sqlstate.empty()) message.remove_prefix(std::min(message.size(), sqlstate.size() + 2));
  return message;
}

/// Data errors quote the value after a colon ("invalid input syntax for type json: ...").
std::string_view without_value(std::string_view sqlstate, std::string_view text) {
  return sqlstate.starts_with("22") ? text.substr(0, text.find(": ")) : text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

/// libpq explains a failed connection on several lines.
std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : trimmed(text)) {
    if (c == '\n')
      line += "; ";
    else if (c != '\t')
      line += c;
  }
  return line;
}

}  // namespace

std::string_view sqlstate_in(std::string_view verbose) {
  constexpr std::string_view behind_severity = ":  ";
  const auto in_state = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  for (std::size_t at = verbose.find(behind_severity); at != std::string_view::npos;
       at = verbose.find(behind_severity, at + 1)) {
    const std::string_view state = verbose.substr(at + behind_severity.size(), 6);
    if (state.size() == 6 && state[5] == ':' && std::all_of(state.begin(), state.begin() + 5, in_state)) {
      return state.substr(0, 5);
    }
  }
  return {};
}

Error database_error(std::string_view sqlstate, std::string_view message) {
  const Meaning meaning = meaning_of(sqlstate);
  const std::string_view text = without_value(sqlstate, primary_text(trimmed(message)));
  std::string whole = sqlstate.empty() ? fmt::format("the connection to the database is lost: {}", text)
                                       : fmt::format("database: {} (SQLSTATE {})", text, sqlstate);
  return {meaning.fault, whole, std::string{meaning.next_step}};
}

Error connect_error(std::string_view sqlstate, std::string_view message) {
  const std::string text = fmt::format("cannot connect to the database: {}", on_one_line(message));
  const bool unknown_to_pooler = message.find("no such database") != std::string_view::npos;
  if (sqlstate.starts_with("3D") || unknown_to_pooler) {
    return {Fault::misconfigured, text, "Create the database with `createdb`, or correct database.url."};
  }
  // libpq checks the values of the connection string before it opens a socket.
  if (message.starts_with("invalid ")) return {Fault::misconfigured, text, "Correct database.url."};
  const Meaning meaning = meaning_of(sqlstate);
  if (meaning.fault == Fault::unavailable && meaning.next_step.empty()) {
    return {Fault::unavailable, text,
            "Check that PostgreSQL runs and is reachable: `psql \"<database.url>\" -c 'SELECT 1'`."};
  }
  return {meaning.fault, text, std::string{meaning.next_step}};
}

void rethrow_as_error() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const pqxx::broken_connection&) {
    // Its text tells what libpqxx noticed afterwards, not why the session ended.
    throw database_error("", "the server or the network ended it");
  } catch (const pqxx::conversion_error&) {
    // Its text repeats the value.
    throw Error(Fault::bug, "a database field has another type than the code expects");
  } catch (const pqxx::failure& error) {
    // Not from sqlstate(): libpqxx 6 leaves it empty for some of its types.
    throw database_error(sqlstate_in(first_line(error.what())), error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(Fault::bug, fmt::format("the database library failed: {}", error.what()));
  }
}

}  // namespace mirror::db
