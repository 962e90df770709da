# shellcheck shell=bash
# The packages that ./dev needs. The names are the same on Debian 12 and 13. Sourced, never run.

# shellcheck disable=SC2034  # used by ./dev and the other parts
build_packages=(
  g++ cmake ninja-build pkgconf
  libpoco-dev libpqxx-dev libpq-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libsimdjson-dev catch2
  libcli11-dev libtomlplusplus-dev libsystemd-dev libssl-dev prometheus-cpp-dev libutf8proc-dev
)
# shellcheck disable=SC2034
test_packages=(postgresql postgresql-contrib pgbouncer curl openssl ca-certificates procps prometheus chromium)
# shellcheck disable=SC2034
package_packages=(dpkg-dev file lintian)
# shellcheck disable=SC2034
lint_packages=(clang-format clang-tidy shellcheck systemd)

package_is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Installs those that are missing; does nothing, and needs no root, if none is.
setup_packages() {
  local package missing=()
  for package in "$@"; do
    if ! package_is_installed "$package"; then missing+=("$package"); fi
  done
  if ((${#missing[@]} == 0)); then return; fi
  command -v apt-get >/dev/null || die 69 "please install by hand, this is no Debian: ${missing[*]}"
  say "installing ${missing[*]}"
  as_root apt-get update -qq >&2
  as_root bash .ci/install_packages "${missing[@]}" >&2
}
