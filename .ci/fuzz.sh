# shellcheck shell=bash
# ./dev fuzz: clang's fuzzer on the targets of tests/fuzz. Sourced, never run.
# shellcheck disable=SC2154  # the lists of packages come from setup.sh

command_fuzz() {
  local seconds=${1:-60} targets=() target failed=()
  [[ $seconds =~ ^[0-9]+$ ]] || die 64 "fuzz takes seconds for each target, then names of targets"
  shift || true
  setup_packages "${build_packages[@]}" clang libclang-rt-dev
  # Without ccache and precompiled headers: they are the other compiler's.
  cmake --preset fuzz >&2
  cmake --build build/fuzz --target mirror-fuzz >&2
  if (($#)); then targets=("$@"); else mapfile -t targets < <(build/fuzz/tests/fuzz/mirror-fuzz); fi
  for target in "${targets[@]}"; do
    say "$target"
    fuzz_target "$target" "$seconds" || failed+=("$target")
  done
  if ((${#failed[@]})); then die 1 "broken: ${failed[*]}; the inputs are in build/fuzz/found"; fi
  say "nothing broke"
}

# The corpus grows from run to run; what breaks the target is kept under its own name.
fuzz_target() {
  local target=$1 seconds=$2 corpus=build/fuzz/corpus/$1 found=build/fuzz/found/$1
  mkdir -p "$corpus" "$found"
  AUTHKIT_MIRROR_FUZZ_TARGET=$target AUTHKIT_MIRROR_FUZZ_SEEDS=$corpus \
    build/fuzz/tests/fuzz/mirror-fuzz -max_total_time="$seconds" -timeout=10 -max_len=65536 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$found/" "$corpus" 2>&1 |
    grep -E '^(stat::(number_of_executed_units|average_exec)|==|.*ERROR|SUMMARY|  what)' >&2
  return "${PIPESTATUS[0]}"
}
