#!/bin/sh
# Restores the last backup, and the log after it, into POSTGRES_DATA: all of it, or up to RESTORE_TARGET_TIME (as
# 2026-11-25 14:05:00+00). PostgreSQL, started on it, replays the log and then takes writes as a new timeline.
#
# Patroni runs this instead of initdb when RESTORE_FROM_BACKUP is yes; the weekly drill runs it by itself.
set -eu

: "${POSTGRES_RUN:?}"
scripts=$(cd "$(dirname "$0")" && pwd)
data=${POSTGRES_DATA:-/var/lib/postgresql/data/pgdata}
# shellcheck source-path=SCRIPTDIR source=repository.sh
. "$scripts/repository.sh"

write_repository
has_repository || {
  echo "there is no repository to restore from: S3_BUCKET and the Secret s3-credentials say where it is" >&2
  exit 1
}
mkdir -p "$data"
chmod 0700 "$data"
set -- --pg1-path="$data"
if [ -n "${RESTORE_TARGET_TIME:-}" ]; then
  set -- "$@" --type=time --target="$RESTORE_TARGET_TIME" --target-action=promote
fi
# The restored server fetches its log by the same script as every member.
exec pgbackrest "$@" --recovery-option=restore_command="$scripts/pgbackrest-wal.sh get \"%f\" \"%p\"" restore
