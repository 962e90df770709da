# shellcheck shell=bash
# ./dev mutate: breaks one promise of the code after another in a copy, and requires that the random histories notice.
# Sourced, never run.
# shellcheck disable=SC2154  # the lists of packages come from setup.sh

# From here on, unless a mutation names a seed of its own: some are noticed only by rare histories.
mutate_seed=1
mutate_histories=600

# The copy keeps times, so that only what a mutation touches is compiled again.
copy_tree() {
  mkdir -p "$1"
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -cf - | tar -xf - -C "$1"
}

build_copy() {
  cmake --build "$1/build" --target test_histories >"$1/build.log" 2>&1
}

# A later migration that the mutation would change too: it has the last word, not the file that is named.
defined_anew_in() {
  local script=$1 file=$2 later
  for later in migrations/*.sql; do
    if [[ $file == migrations/* && $later > $file ]] && ! sed -f "$script" "$later" | cmp -s - "$later"; then
      echo "$later"
      return
    fi
  done
}

# Prints what became of one mutation; fails if nobody noticed.
try_mutation() {
  local tree=$1 script=$2 file meaning seed later output
  file=$(sed -n 's/^# file: //p' "$script")
  meaning=$(sed -n '2s/^# //p' "$script")
  seed=$(sed -n 's/^# seed: //p' "$script")
  sed -i -f "$script" "$tree/$file"
  if cmp -s "$file" "$tree/$file"; then
    say "$meaning: changes nothing in $file any more"
    return 1
  fi
  later=$(defined_anew_in "$script" "$file")
  if [[ -n $later ]]; then
    say "$meaning: $later defines it anew"
    return 1
  fi
  if ! build_copy "$tree"; then
    say "$meaning: does not compile, see $tree/build.log"
    return 1
  fi
  if output=$(AUTHKIT_MIRROR_HISTORIES=$mutate_histories AUTHKIT_MIRROR_HISTORY_SEED=${seed:-$mutate_seed} \
    AUTHKIT_MIRROR_HISTORY_SHORTEN=0 "$tree/build/tests/histories/test_histories" 2>&1); then
    say "$meaning: NOT CAUGHT in $mutate_histories histories"
    return 1
  fi
  say "$meaning: caught, $(sed -n 's/^history [0-9]* fails, //p' <<<"$output" | head -n 1)"
}

command_mutate() {
  local tree=build/mutate script missed=0
  setup_packages "${build_packages[@]}" "${test_packages[@]}"
  start_cluster
  copy_tree "$tree"
  configure release -S "$tree" -B "$tree/build" >/dev/null
  build_copy "$tree" || die 1 "the copy does not build, see $tree/build.log"
  for script in tests/histories/mutations/*"${1:-}"*.sed; do
    try_mutation "$tree" "$script" || missed=$((missed + 1))
    # Newer than what was built of it.
    cp "$(sed -n 's/^# file: //p' "$script")" "$tree/$(sed -n 's/^# file: //p' "$script")"
  done
  if ((missed > 0)); then die 1 "$missed mutations went unnoticed"; fi
}
