# shellcheck shell=bash
# Brings the official WorkOS emulator into .tools/, and a Node.js for it where the system's is too old. Sourced, never run.

node_minimum=20.20.0

# Writes .tools/emulator, a launcher that takes the port. Does nothing if the pinned versions are there.
install_emulator() {
  local wanted
  wanted=$(cat tests/conformance/package-lock.json tests/conformance/node/package-lock.json .ci/emulator.sh |
    sha256sum)$PWD
  if [[ -x .tools/emulator && $(cat .tools/emulator.version 2>/dev/null) == "$wanted" ]]; then return; fi
  setup_node
  rm -rf .tools/emulator .tools/emulator.version
  npm_install tests/conformance .tools/conformance
  write_launcher "$(choose_node)"
  rm -rf .tools/npm-cache
  echo "$wanted" >.tools/emulator.version
}

# Not by dpkg: Node.js from elsewhere has npm inside, and the two packages can't be installed beside each other.
setup_node() {
  command -v node >/dev/null || setup_packages nodejs
  command -v npm >/dev/null || setup_packages npm
}

# The lock files pin every package by checksum, and no script of a package runs. Node.js has a list of CAs of its own;
# the system's, which also has those of a company's proxy, comes on top.
npm_install() {
  local from=$1 to=$2
  local -x NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
  say "installing the packages of $from/package.json"
  rm -rf "$to"
  mkdir -p "$to"
  cp "$from/package.json" "$from/package-lock.json" "$to/"
  npm ci --prefix "$to" --cache "$PWD/.tools/npm-cache" --ignore-scripts --no-audit --no-fund --no-update-notifier \
    --loglevel=error >&2
}

# Prints the path of a Node.js that can run the emulator.
choose_node() {
  local version
  version=$(node --version)
  if [[ $(printf '%s\n' "$node_minimum" "${version#v}" | sort -V | head -1) == "$node_minimum" ]]; then
    command -v node
    return
  fi
  npm_install tests/conformance/node .tools/node
  printf '%s\n' "$PWD"/.tools/node/node_modules/node-linux-*/bin/node
}

write_launcher() {
  cat >.tools/emulator <<LAUNCHER
#!/bin/sh
# usage: emulator PORT. Stays in the foreground; listens on 127.0.0.1 only.
exec env HOME='$PWD/.tools' WORKOS_TELEMETRY=false '$1' --require '$PWD/tests/conformance/loopback_only.cjs' \\
  '$PWD/.tools/conformance/node_modules/workos/dist/bin.js' emulate --port "\$1" --json
LAUNCHER
  chmod +x .tools/emulator
}
