# shellcheck shell=bash
# ./dev package: the Debian package, and its life on a fresh machine. Sourced, never run.
# shellcheck disable=SC2154  # the lists of packages come from setup.sh, `root` from make_root

source .ci/root.sh

command_package() {
  case ${1:-} in
    '') setup_packages "${build_packages[@]}" "${package_packages[@]}" && make_package ;;
    test) test_package ;;
    *) die 64 "package knows only test" ;;
  esac
}

# Leaves the package in build/release, read by lintian.
make_package() {
  build release --target authkit-mirror config/all systemd/all
  require_hardening build/release/authkit-mirror
  rm -f build/release/authkit-mirror*.*deb
  (cd build/release && cpack >&2)
  # It warns of root; it only reads.
  lintian --fail-on error,warning --allow-root build/release/authkit-mirror_*.deb
  say "$(echo build/release/authkit-mirror_*.deb)"
}

# A program as CMakeLists.txt wants it hardened; a build with other flags must not get into a package unseen.
require_hardening() {
  local program=$1 traits lacking=()
  traits=$(LC_ALL=C readelf -W --file-header --segments --dynamic --dyn-syms "$program")
  has() { grep -qE -- "$1" <<<"$traits"; }
  has 'Type: +DYN' || lacking+=("position-independent code")
  has 'GNU_RELRO' || lacking+=("read-only relocations")
  has '\(FLAGS(_1)?\).*NOW' || lacking+=("binding at the start")
  has 'GNU_STACK.* RW ' || lacking+=("a stack that is no code")
  has '__stack_chk_fail' || lacking+=("stack protection")
  has '__[a-z]+_chk@' || lacking+=("checked buffer functions")
  if ((${#lacking[@]})); then die 1 "$program lacks $(printf '%s; ' "${lacking[@]}")"; fi
}

# Installs the package in a Debian 12 root that has nothing of ours, over an older one, and lets systemd start it there.
test_package() {
  ((EUID == 0)) || die 77 "package test makes a root and needs to be root"
  setup_packages "${build_packages[@]}" "${package_packages[@]}" debootstrap systemd-container
  make_package
  build release --target workos-simulator
  make_root bookworm systemd-sysv,dbus,postgresql,ca-certificates
  local inside=$root/opt/authkit-mirror-test
  mkdir -p "$inside"
  cp build/release/authkit-mirror_*.deb "$inside/new.deb"
  make_older_package "$inside/old.deb"
  cp build/release/workos-simulator .ci/package_life "$inside"
  say "installing"
  in_root "$root" 'apt-get install -y -qq --no-install-recommends /opt/authkit-mirror-test/old.deb >/dev/null'
  boot_and_run /opt/authkit-mirror-test/package_life
  say "the package installs, works, upgrades, and goes"
}

# The same files under a lower version.
make_older_package() {
  local folder
  folder=$(mktemp -d)
  (cd build/release && cpack -B "$folder" -D CPACK_DEBIAN_PACKAGE_VERSION=0.0.1) >&2
  mv "$folder"/authkit-mirror_*.deb "$1"
  rm -rf "$folder"
}

# Boots the root, without any network but its own loopback, and runs a program there as a unit; powers off afterwards.
boot_and_run() {
  cat >"$root/etc/systemd/system/run.service" <<UNIT
[Unit]
After=multi-user.target
SuccessAction=poweroff
FailureAction=poweroff

[Service]
Type=oneshot
ExecStart=$1
TimeoutStartSec=300
StandardOutput=append:/var/log/run
StandardError=inherit
ExecStopPost=/bin/sh -c 'echo "\$SERVICE_RESULT" >/var/log/run.result'
UNIT
  mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
  ln -s /etc/systemd/system/run.service "$root/etc/systemd/system/multi-user.target.wants/"
  say "booting"
  timeout --kill-after=30 600 systemd-nspawn --quiet --boot --register=no --keep-unit --private-network -D "$root" \
    >"$root/var/log/console" 2>&1 </dev/null || true
  cat "$root/var/log/run" >&2 || true
  [[ $(cat "$root/var/log/run.result" 2>/dev/null) == success ]] || {
    tail -20 "$root/var/log/console" >&2
    die 1 "$1 failed in the booted root"
  }
}
