# Writes the page's files as raw string literals into one C++ source (see embedded_page.hpp).
set(text "#include \"embedded_page.hpp\"\n\nnamespace mirror::http {\n\n")
foreach(file ${FILES})
  get_filename_component(extension ${file} LAST_EXT)
  string(SUBSTRING ${extension} 1 -1 name)
  file(READ ${file} content)
  # A literal may hold at most 65,535 bytes by the standard; these files stay far below.
  string(APPEND text "const std::string_view page_${name} = R\"~page~(${content})~page~\";\n")
endforeach()
string(APPEND text "\n}  // namespace mirror::http\n")
file(WRITE ${OUTPUT} "${text}")
