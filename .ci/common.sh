# shellcheck shell=bash
# What every command of ./dev uses: messages, cleaning up, a private PostgreSQL. Sourced, never run.

say() { printf '%s\n' "-- $*" >&2; }

die() {
  local code=$1
  shift
  printf 'dev: %s\n' "$*" >&2
  exit "$code"
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die 77 "this needs root: run it as root, or install sudo"
  fi
}

# Commands that run at the end, last one first, whatever the end is.
cleanups=()
at_exit() { cleanups=("$*" "${cleanups[@]}"); }

run_cleanups() {
  local code=$? command
  trap '' INT TERM HUP
  for command in "${cleanups[@]}"; do eval "$command" || true; done
  exit "$code"
}
trap run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A port of 127.0.0.1 on which nobody listens: the wanted one, or the next free one.
free_port() {
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}

# Starts a PostgreSQL that only this run knows, and exports how to reach it. Removed at the end.
start_cluster() {
  if [[ -n ${AUTHKIT_MIRROR_TEST_DATABASE_URL:-} ]]; then return; fi
  local directory
  directory=$(.ci/cluster create)
  at_exit ".ci/cluster remove '$directory'"
  .ci/cluster start "$directory"
  AUTHKIT_MIRROR_TEST_DATABASE_URL=$(.ci/cluster url "$directory")
  export AUTHKIT_MIRROR_TEST_DATABASE_URL
}
