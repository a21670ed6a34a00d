#!/bin/sh
# Makes the application's role and database, once, when the cluster is made; or gives the role its password of now, when the
# cluster was made from a backup. Patroni passes where the database is.
set -eu

secrets=${POSTGRES_SECRETS:-/etc/secrets/db}

# Passwords travel in the environment of this one command, so that neither `ps` nor the server's log shows them.
APP_USER=$(cat "$secrets/username") APP_PASSWORD=$(cat "$secrets/password") \
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname "$1" << 'END'
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
\set user `printf %s "$APP_USER"`
\set password `printf %s "$APP_PASSWORD"`
SELECT format('CREATE ROLE %I LOGIN', :'user') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \gexec
ALTER ROLE :"user" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'user', :'user')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'user') \gexec
END
