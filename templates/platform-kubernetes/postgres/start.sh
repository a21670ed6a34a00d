#!/bin/sh
# Starts one member: Patroni, which runs PostgreSQL. Before, writes beside the shared configuration what is only this pod's.
#
# `start.sh settings` writes that and ends: after the passwords' files changed, before Patroni is told to read again.
set -eu
umask 077

: "${POD_NAME:?}" "${POD_IP:?}"
scripts=$(cd "$(dirname "$0")" && pwd)
shared=${POSTGRES_CONFIG:-/etc/postgres}
secrets=${POSTGRES_SECRETS:-/etc/secrets/db}
programs=${POSTGRES_PROGRAMS:-/usr/lib/postgresql/16/bin}
data=${POSTGRES_DATA:-/var/lib/postgresql/data/pgdata}
port=${POSTGRES_PORT:-5432}
api_port=${PATRONI_API_PORT:-8008}
export POSTGRES_RUN="${POSTGRES_RUN:-/run/postgresql}"
export PGPASSFILE="${PGPASSFILE:-$POSTGRES_RUN/pgpass}"
config=$POSTGRES_RUN/patroni
# shellcheck source-path=SCRIPTDIR source=repository.sh
. "$scripts/repository.sh"

# A value for YAML: in quotes, and the quotes in it doubled.
quoted() {
  printf "'%s'" "$(printf '%s' "$1" | sed "s/'/''/g")"
}

secret() {
  quoted "$(cat "$secrets/$1")"
}

# What pgBackRest restores instead of initdb, when this cluster is made from a backup (see restore.sh).
bootstrap_from_backup() {
  [ "${RESTORE_FROM_BACKUP:-no}" = yes ] || return 0
  cat << END
  method: backup
  backup:
    command: $(quoted "$scripts/restore.sh")
    no_params: true
    keep_existing_recovery_conf: true
END
}

settings() {
  cat << END
name: $(quoted "$POD_NAME")
restapi:
  listen: $(quoted "$POD_IP:$api_port")
  connect_address: $(quoted "$POD_IP:$api_port")
bootstrap:
  post_bootstrap: $(quoted "$scripts/make-database.sh")
$(bootstrap_from_backup)
postgresql:
  listen: $(quoted "$POD_IP:$port")
  connect_address: $(quoted "$POD_IP:$port")
  data_dir: $(quoted "$data")
  bin_dir: $(quoted "$programs")
  pgpass: $(quoted "$POSTGRES_RUN/patroni.pgpass")
  authentication:
    superuser: {username: postgres, password: $(secret superuser-password)}
    replication: {username: replicator, password: $(secret replication-password)}
  parameters:
    unix_socket_directories: $(quoted "$POSTGRES_RUN")
    archive_command: $(quoted "$scripts/pgbackrest-wal.sh push \"%p\"")
  recovery_conf:
    restore_command: $(quoted "$scripts/pgbackrest-wal.sh get \"%f\" \"%p\"")
END
  [ -z "${POD_NAMESPACE:-}" ] || printf 'kubernetes:\n  namespace: %s\n' "$POD_NAMESPACE"
}

mkdir -p "$config"
for file in "$shared"/*.yaml; do
  cp -f "$file" "$config/10-$(basename "$file")"
done
settings > "$config/20-pod.yaml.new"
mv -f "$config/20-pod.yaml.new" "$config/20-pod.yaml"
printf '*:*:*:postgres:%s\n' "$(cat "$secrets/superuser-password")" > "$PGPASSFILE"
write_repository

[ "${1:-}" != settings ] || exit 0
exec patroni "$config"
