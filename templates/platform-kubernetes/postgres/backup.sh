#!/bin/sh
# Runs beside every member and acts only where PostgreSQL is the primary: makes the repository ready, backs up when it is time,
# and writes down for metrics.py how old the last backup is. `backup.sh once` does one round and ends.
#
# A round that fails is tried again in the next one; this never ends by itself, because a container that fails would take the
# pod out of its Service.
set -u

: "${POSTGRES_RUN:?}"
scripts=$(cd "$(dirname "$0")" && pwd)
state=${BACKUP_STATE:-/run/backup}
full_every=${BACKUP_FULL_SECONDS:-604800}
every=${BACKUP_SECONDS:-86400}
poll=${BACKUP_POLL_SECONDS:-60}
# shellcheck source-path=SCRIPTDIR source=repository.sh
. "$scripts/repository.sh"

sql() {
  psql --no-psqlrc --tuples-only --no-align --host "$POSTGRES_RUN" --port "${POSTGRES_PORT:-5432}" --username postgres \
    --dbname postgres --command "$1"
}

# When the last backup of a kind (a pattern) was complete, in seconds since 1970; 0 when there is none.
completed() {
  # pgBackRest writes its keys in the order of the alphabet, so that a backup's times stand before its type.
  printf '%s' "$info" | grep -o '"timestamp":{"start":[0-9]*,"stop":[0-9]*},"type":"[a-z]*"' |
    sed -n "s/.*\"stop\":\([0-9]*\)},\"type\":\"$1\"/\1/p" | sort -n | tail -n 1 | grep . || echo 0
}

# Replaces a file as a whole, so that nobody reads half of it.
put() {
  cat > "$state/$1.new" && mv -f "$state/$1.new" "$state/$1"
}

report() {
  {
    echo "primary $1"
    echo "configured $2"
    [ "$1" = 0 ] || [ "$2" = 0 ] || {
      echo "full $(completed full)"
      echo "any $(completed '[a-z]*')"
      echo "failed $failed"
      echo "archive_failing $(sql "SELECT coalesce(last_failed_time > last_archived_time, last_failed_time IS NOT NULL)::int FROM pg_stat_archiver")"
      echo "archived $(sql "SELECT coalesce(extract(epoch FROM last_archived_time), 0)::bigint FROM pg_stat_archiver")"
    }
  } | put state
}

# Which backup it is time for; none, `full` or `diff`.
due() {
  now=$(date +%s)
  if [ $((now - $(completed full))) -ge "$full_every" ]; then
    echo full
  elif [ $((now - $(completed '[a-z]*'))) -ge "$every" ]; then
    echo diff
  fi
}

# Makes the repository's two lists, where they are not there. One that was made while the other was not, because the first try
# was cut off, is refused from then on; while the repository holds neither a backup nor a segment, it is begun anew.
make_repository() {
  pgbackrest stanza-create && return
  for list in backup archive; do
    if pgbackrest repo-ls --recurse "$list/$PGBACKREST_STANZA" | grep -v "^$list\.info"; then
      return 1
    fi
  done
  echo "begins the repository anew" >&2
  # Only a stopped stanza can be deleted.
  pgbackrest stop && pgbackrest --force stanza-delete
  pgbackrest start && pgbackrest stanza-create
}

look() {
  info=$(pgbackrest info --output=json) || info=
}

round() {
  write_repository
  configured=0
  has_repository && configured=1
  if [ "$(sql 'SELECT pg_is_in_recovery()')" != f ]; then
    # Who was primary before knows nothing any more.
    info='' report 0 "$configured"
    return 0
  fi
  if [ "$configured" = 0 ]; then
    info='' report 1 0
    return 0
  fi
  make_repository || return
  look
  kind=$(due)
  report 1 1
  [ -n "$kind" ] || return 0
  echo "backs up: $kind"
  failed=0
  pgbackrest --type="$kind" backup || failed=1
  look
  report 1 1
  [ "$failed" = 0 ] && echo "backed up: $kind"
}

failed=0
mkdir -p "$state"
if [ "${1:-}" = once ]; then
  round
  exit
fi
"$scripts/metrics.py" "$state/state" "${METRICS_PORT:-9187}" &
# As the shell is the container's first process it must end by itself when told to.
trap 'exit 0' TERM INT
while :; do
  round || failed=1
  sleep "$poll" &
  wait $!
done
