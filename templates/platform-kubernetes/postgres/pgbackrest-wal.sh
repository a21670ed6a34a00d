#!/bin/sh
# PostgreSQL's archive_command (`push PATH`) and restore_command (`get NAME PATH`). Without a repository nothing is kept and
# nothing is found, so that a cluster without an object store works as well. pgBackRest insists on its name in the command.
set -eu

: "${POSTGRES_RUN:?}"
# shellcheck source-path=SCRIPTDIR source=repository.sh
. "$(dirname "$0")/repository.sh"

case $1 in
  push)
    has_repository || exit 0
    exec pgbackrest archive-push "$2"
    ;;
  get)
    has_repository || exit 1
    exec pgbackrest archive-get "$2" "$3"
    ;;
  *)
    echo "usage: pgbackrest-wal.sh push PATH | get NAME PATH" >&2
    exit 2
    ;;
esac
