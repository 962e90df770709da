#include "db/db_error.hpp"

#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::db;

TEST_CASE("a SQLSTATE decides what the caller may do next") {
  const auto fault = [](std::string_view state) { return database_error(state, "ERROR:  text").fault(); };
  CHECK(fault("AM001") == Fault::lease_lost);
  CHECK(fault("08006") == Fault::unavailable);
  CHECK(fault("40P01") == Fault::unavailable);
  CHECK(fault("53100") == Fault::unavailable);
  CHECK(fault("55P03") == Fault::unavailable);
  CHECK(fault("57014") == Fault::unavailable);
  CHECK(fault("58030") == Fault::unavailable);
  CHECK(fault("25006") == Fault::unavailable);
  CHECK(fault("42501") == Fault::refused);
  CHECK(fault("28P01") == Fault::refused);
  CHECK(fault("22P02") == Fault::bad_data);
  CHECK(fault("54000") == Fault::bad_data);
  CHECK(fault("3D000") == Fault::misconfigured);
  CHECK(fault("42P01") == Fault::misconfigured);
  CHECK(fault("25P02") == Fault::bug);
  CHECK(fault("99999") == Fault::unavailable);
  CHECK(fault("") == Fault::unavailable);
}

TEST_CASE("an error says what a person may do") {
  CHECK_THAT(database_error("53100", "ERROR:  could not extend file").next_step(), ContainsSubstring("disk is full"));
  CHECK_THAT(database_error("42P01", "ERROR:  relation").next_step(), ContainsSubstring("migrate"));
}

TEST_CASE("an error never repeats a value of a row") {
  const auto text = [](std::string_view state, std::string_view message) {
    return std::string{database_error(state, message).what()};
  };
  CHECK_THAT(text("22P02", "ERROR:  invalid input syntax for type boolean: \"ada@example.com\""),
             !ContainsSubstring("ada"));
  // A server in another language quotes differently.
  CHECK_THAT(text("22007", "FEHLER:  ungültige Eingabesyntax für Typ boolean: »Ada«"), !ContainsSubstring("Ada"));
  CHECK_THAT(text("23505",
                  "ERROR:  duplicate key value violates unique constraint \"by_email\"\nDETAIL:  Key "
                  "(email)=(ada@example.com) already exists."),
             ContainsSubstring("by_email") && !ContainsSubstring("ada"));
}

TEST_CASE("the SQLSTATE is found in the text of a server in any language, and not in other text") {
  CHECK(sqlstate_in("ERROR:  42P01: relation \"x\" does not exist") == "42P01");
  CHECK(sqlstate_in("connection to server at \"a\" failed: timeout\nconnection to \"b\" failed: FATAL:  28P01: no") ==
        "28P01");
  CHECK(sqlstate_in("ОШИБКА:  23505: ...") == "23505");
  CHECK(sqlstate_in("ERROR:  relation \"x\" does not exist").empty());
  CHECK(sqlstate_in("ERROR:  42").empty());
  CHECK(sqlstate_in("").empty());
  CHECK(std::string{database_error("42P01", "ERROR:  42P01: relation is gone\nLOCATION:  here").what()} ==
        "database: relation is gone (SQLSTATE 42P01)");
}
