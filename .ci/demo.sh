# shellcheck shell=bash
# ./dev demo: a directory, a database, the daemon, and something to look at. Sourced, never run.
# shellcheck disable=SC2154  # the lists of packages come from setup.sh

demo_question='Which organizations have the most admins who never signed in, or not for 90 days?'
read -r -d '' demo_query <<'SQL' || true
SELECT o.name AS organization, count(*) AS admins, min(u.last_sign_in_at)::date AS longest_away_since
FROM workos.organization_memberships_live m
JOIN workos.organizations_live o USING (_env)
JOIN workos.users_live u USING (_env)
WHERE m.organization_id = o.id AND m.user_id = u.id
  AND m.status = 'active' AND 'admin' = ANY (coalesce(m.role_slugs, ARRAY[m.role_slug]))
  AND (u.last_sign_in_at IS NULL OR u.last_sign_in_at < now() - interval '90 days')
GROUP BY o.id, o.name
ORDER BY admins DESC, organization
LIMIT 5
SQL

demo_tables=(organizations organization_domains users organization_memberships invitations)

command_demo() {
  local once=no
  case ${1:-} in
    '') ;;
    --once) once=yes ;;
    *) die 64 "demo knows only --once" ;;
  esac
  setup_packages "${build_packages[@]}" "${test_packages[@]}"
  build release --target authkit-mirror workos-simulator
  rm -rf .demo
  mkdir .demo
  start_demo_database
  if [[ -z ${WORKOS_API_KEY:-} ]]; then start_simulator; fi
  if [[ $once == yes ]]; then
    build/release/authkit-mirror sync
    show_tables
  else
    start_daemon
    follow_first_sync
    show_tables
    show_addresses
    wait "$daemon" || die 1 "the daemon ended; its log is .demo/daemon.log"
  fi
}

start_demo_database() {
  start_cluster
  export DATABASE_URL=$AUTHKIT_MIRROR_TEST_DATABASE_URL
  psql "$DATABASE_URL" -qc 'CREATE DATABASE directory'
  DATABASE_URL=${DATABASE_URL/dbname=postgres/dbname=directory}
}

# A directory of a believable size that keeps changing.
start_simulator() {
  say "no WORKOS_API_KEY is set: mirroring a simulated directory"
  : >.demo/simulator.log  # for whoever looks before the simulator writes
  build/release/workos-simulator --port 0 --users 20000 --organizations 200 --invitations 300 --until now --churn 5 \
    >.demo/simulator.log 2>&1 &
  at_exit "stop_process $!"
  wait_for simulator "$!" grep -q '^listening on ' .demo/simulator.log
  WORKOS_BASE_URL=$(sed -n 's/^listening on //p' .demo/simulator.log)
  export WORKOS_BASE_URL WORKOS_API_KEY=sk_test_simulator
}

start_daemon() {
  http_address=127.0.0.1:$(free_port 8464)
  AUTHKIT_MIRROR_HTTP_LISTEN=$http_address build/release/authkit-mirror run 2>.demo/daemon.log &
  daemon=$!
  at_exit "stop_process $daemon"
  wait_for daemon "$daemon" curl -fs -o .demo/livez "http://$http_address/livez"
}

# Asks until the answer is yes; fails at once if the process has ended.
wait_for() {
  local name=$1 process=$2
  shift 2
  until "$@"; do
    kill -0 "$process" 2>/dev/null || {
      tail -20 ".demo/$name.log" >&2
      die 69 "the $name ended before it was ready; its log is .demo/$name.log"
    }
    sleep 0.1
  done
}

stop_process() {
  kill -TERM "$1" 2>/dev/null || return 0
  wait "$1" 2>/dev/null || true
}

# Shows how the tables grow until every stream has its first certificate.
follow_first_sync() {
  until curl -fs -o .demo/readyz "http://$http_address/readyz"; do
    kill -0 "$daemon" 2>/dev/null || {
      tail -20 .demo/daemon.log >&2
      die 69 "the daemon ended before its first sync; its log is .demo/daemon.log"
    }
    progress "$(row_counts)"
    sleep 0.5
  done
  progress "$(row_counts)"
  if [[ -t 2 ]]; then echo >&2; fi
}

progress() {
  if [[ -t 2 ]]; then
    printf '\r\033[K   %s' "$1" >&2
  else
    printf '   %s\n' "$1" >&2
  fi
}

row_counts() {
  local query='' table
  for table in "${demo_tables[@]}"; do
    query+="SELECT count(*) || ' ${table//_/ }' FROM workos.${table}_live;"
  done
  psql "$DATABASE_URL" -Atc "$query" 2>/dev/null | paste -sd '|' | sed 's/|/ · /g' || true
}

show_tables() {
  local query='' table
  for table in "${demo_tables[@]}"; do
    query+="${query:+ UNION ALL }SELECT 'workos.${table}_live' AS \"table\", count(*) AS rows FROM workos.${table}_live"
  done
  echo
  psql "$DATABASE_URL" -P footer=off -c "$query"
}

show_addresses() {
  cat <<TEXT
status   http://$http_address/
health   http://$http_address/healthz
database psql "$DATABASE_URL"
log      $PWD/.demo/daemon.log

$demo_question

$demo_query;

TEXT
  psql "$DATABASE_URL" -P footer=off -c "$demo_query"
  echo "The mirror keeps following the directory. Ctrl-C stops it and removes the database."
}
