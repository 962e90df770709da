# shellcheck shell=bash
# ./dev lint: everything that can be said about the code without running it. Sourced, never run.
# The verdicts are those of Debian 12's clang 14; newer versions format and warn differently.
# shellcheck disable=SC2154  # the lists of packages come from setup.sh

# The limit of `systemd-analyze security`, in tenths.
unit_exposure_limit=15

command_lint() {
  setup_packages "${build_packages[@]}" "${lint_packages[@]}" "${package_packages[@]}" git
  if ! clang-format --version | grep -q ' version 14\.'; then
    say "this clang-format is not version 14: its verdict may differ from CI's"
  fi
  local check code failed=()
  for check in lint_format lint_scripts lint_files lint_warnings lint_units lint_package lint_tidy; do
    say "${check#lint_}"
    # In a shell of its own, and not as a condition, so that set -e holds inside and all checks get their say.
    set +e
    (
      set -e
      "$check"
    )
    code=$?
    set -e
    ((code == 0)) || failed+=("${check#lint_}")
  done
  if ((${#failed[@]})); then die 1 "lint failed: ${failed[*]}"; fi
  say "lint passed"
}

# Files as git knows them, also from another user's shell.
tracked() { git -c safe.directory="$PWD" ls-files -z -- "$@"; }

lint_format() { tracked '*.cpp' '*.hpp' | xargs -0 --no-run-if-empty clang-format --dry-run -Werror; }

lint_scripts() {
  local scripts
  mapfile -d '' scripts < <(tracked | xargs -0 grep -lZ -m1 -E '^#!.*(bash|/sh)|^# shellcheck shell=bash')
  shellcheck --external-sources "${scripts[@]}"
}

# What must not be published: where packages were downloaded from, and how a developer's machine is laid out.
lint_files() {
  local found=0
  if tracked '*package-lock.json' | xargs -0 --no-run-if-empty grep -n '"resolved"'; then
    echo "lock files hold download addresses; make them with npm install --omit-lockfile-registry-resolved" >&2
    found=1
  fi
  if tracked ':!LICENSE' | xargs -0 grep -nIE '(^|[^[:alnum:]_./-])/(home|root|work|Users)/[[:alnum:]_.-]+'; then
    echo "files name paths of a developer's machine" >&2
    found=1
  fi
  # What clang-tidy can't say of files that it reads together.
  if tracked '*.cpp' '*.hpp' | xargs -0 grep -H '^#include' | sort | uniq -d | grep .; then
    echo "files include something twice" >&2
    found=1
  fi
  return "$found"
}

lint_warnings() {
  configure release -DMIRROR_WERROR=ON
  cmake --build build/release >&2
}

# The units as they are installed; their binary must be there, so this follows the build.
lint_units() {
  local root unit
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # this directory, now
  trap "rm -rf '$root'" EXIT
  DESTDIR=$root cmake --install build/release >/dev/null
  find "$root" -path '*/systemd/system/*' -exec cp {} "$root" \;
  # verify looks for the binary where this root is not the root.
  sed -i "s|^ExecStart=[^ ]*|ExecStart=$(find "$root" -name authkit-mirror -type f)|" "$root"/*.service
  systemd-analyze verify --man=no "$root"/*.service "$root"/*.timer
  for unit in "$root"/*.service; do
    systemd-analyze security --offline=yes --threshold="$unit_exposure_limit" "$unit" | tail -1
  done
}

lint_package() {
  # shellcheck source=/dev/null
  source .ci/package.sh
  make_package
}

# Groups of files side by side, the largest first, so that no long one is left for the end.
lint_tidy() {
  configure tidy
  # Generated sources are included nowhere, but the compile commands name precompiled and generated files by target.
  cmake --build build/tidy --target mirror_migrations >&2
  tracked 'daemon/*.cpp' 'db/*.cpp' | xargs -0 ls -S | xargs .ci/tidy_groups |
    xargs --no-run-if-empty -L 1 -P "$(nproc)" .ci/tidy_group
}
