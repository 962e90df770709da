# shellcheck shell=bash
# ./dev compat: what a newcomer types, twice, in fresh roots of the Debian versions we support. Sourced, never run.

source .ci/root.sh

command_compat() {
  local suite suites=(bookworm trixie)
  if (($#)); then suites=("$@"); fi
  ((EUID == 0)) || die 77 "compat makes roots and needs to be root"
  setup_packages debootstrap git
  for suite in "${suites[@]}"; do try_suite "$suite"; done
  say "works on ${suites[*]}"
}

# Builds and tests what is committed, in a root with nothing but git and ca-certificates: as root, then once more as a
# user who has to install a package by sudo.
try_suite() {
  local suite=$1 root
  make_root "$suite" git,ca-certificates
  git -c safe.directory="$PWD" clone -q "$PWD" "$root/srv/authkit-mirror"
  in_root "$root" 'cd /srv/authkit-mirror && .ci/newcomer'
  say "once more, as a user with sudo"
  in_root "$root" '
    cd /srv/authkit-mirror
    apt-get install -y -qq --no-install-recommends sudo >/dev/null
    apt-get remove -y -qq ninja-build >/dev/null
    useradd --create-home --shell /bin/bash newcomer
    printf "Defaults env_keep += \"http_proxy https_proxy\"\nnewcomer ALL=(ALL) NOPASSWD: ALL\n" >/etc/sudoers.d/newcomer
    chown -R newcomer: .
    runuser -u newcomer -- .ci/newcomer'
}
