#!/bin/sh
# The restore drill's server: restores the last backup (`drill.sh restore`), serves what was restored, on the loopback address
# only, to the container that verifies it (`drill.sh serve`), and says whether it takes writes (`drill.sh ready`).
set -eu

scripts=$(cd "$(dirname "$0")" && pwd)
export POSTGRES_RUN="${POSTGRES_RUN:-/run/postgresql}"
data=${POSTGRES_DATA:-/var/lib/postgresql/data/pgdata}
programs=${POSTGRES_PROGRAMS:-/usr/lib/postgresql/16/bin}

case $1 in
  restore)
    "$scripts/restore.sh"
    # Nobody else reaches this copy, and the passwords of when it was made may be gone.
    printf 'local all all trust\nhost all all 127.0.0.1/32 trust\n' > "$data/drill_hba.conf"
    # Patroni's settings came along; these come after them.
    cat >> "$data/postgresql.auto.conf" << END
hba_file = '$data/drill_hba.conf'
archive_mode = 'off'
synchronous_standby_names = ''
listen_addresses = '127.0.0.1'
port = '${POSTGRES_PORT:-5432}'
unix_socket_directories = '$POSTGRES_RUN'
shared_buffers = '128MB'
END
    ;;
  serve)
    exec "$programs/postgres" -D "$data"
    ;;
  ready)
    answer=$(psql --no-psqlrc --tuples-only --no-align --host "$POSTGRES_RUN" --port "${POSTGRES_PORT:-5432}" \
      --username postgres --dbname postgres --command 'SELECT pg_is_in_recovery()')
    [ "$answer" = f ]
    ;;
  *)
    echo "usage: drill.sh restore | serve | ready" >&2
    exit 2
    ;;
esac
