#!/bin/sh
# Gives the roles the passwords that the Secret's files now hold. Run it in every pod, the primary first (the runbook says how):
# the primary sets them, and each Patroni reads its settings again.
set -eu

: "${POSTGRES_RUN:?}"
scripts=$(cd "$(dirname "$0")" && pwd)
secrets=${POSTGRES_SECRETS:-/etc/secrets/db}
data=${POSTGRES_DATA:-/var/lib/postgresql/data/pgdata}

sql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --host "$POSTGRES_RUN" \
    --port "${POSTGRES_PORT:-5432}" --username postgres --dbname postgres
}

# The primary is the one that stands by for nobody. PGPASSFILE still holds the superuser's password of before.
if [ ! -e "$data/standby.signal" ]; then
  APP_USER=$(cat "$secrets/username") APP_PASSWORD=$(cat "$secrets/password") \
    SUPERUSER=$(cat "$secrets/superuser-password") REPLICATOR=$(cat "$secrets/replication-password") sql << 'END'
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
\set user `printf %s "$APP_USER"`
\set password `printf %s "$APP_PASSWORD"`
\set superuser `printf %s "$SUPERUSER"`
\set replicator `printf %s "$REPLICATOR"`
BEGIN;
ALTER ROLE :"user" PASSWORD :'password';
ALTER ROLE replicator PASSWORD :'replicator';
ALTER ROLE postgres PASSWORD :'superuser';
COMMIT;
END
fi
"$scripts/start.sh" settings
# The container's first process is Patroni; elsewhere whoever calls says which it is.
kill -HUP "${PATRONI_PID:-1}"
