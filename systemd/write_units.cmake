# Run by an installation, which alone knows the prefix (cmake --install --prefix, cpack): writes the units into `target`.
# Expects `source`, `target` and `bindir`.
get_filename_component(bindir "${bindir}" ABSOLUTE BASE_DIR "${CMAKE_INSTALL_PREFIX}")
set(program "${bindir}/authkit-mirror")
file(READ "${source}/sandbox.conf" sandbox)
foreach(unit authkit-mirror authkit-mirror-verify authkit-mirror-reconcile@)
  configure_file("${source}/${unit}.service.in" "${target}/${unit}.service" @ONLY)
endforeach()
