# Writes the SQL files as raw string literals into one C++ source (see embedded_migrations.hpp).
set(text "#include \"embedded_migrations.hpp\"\n\nnamespace mirror::db {\n\nconst std::vector<EmbeddedMigration>& embedded_migrations() {\n  static const std::vector<EmbeddedMigration> all{\n")
list(SORT FILES)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} sql)
  string(REPLACE "_" ";" parts "${name}")
  list(GET parts 0 number)
  math(EXPR number "${number}")
  # A literal may hold at most 65,535 bytes by the standard; migrations stay far below.
  string(APPEND text "      {${number}, \"${name}\", R\"~sql~(${sql})~sql~\"},\n")
endforeach()
string(APPEND text "  };\n  return all;\n}\n\n}  // namespace mirror::db\n")
file(WRITE ${OUTPUT} "${text}")
