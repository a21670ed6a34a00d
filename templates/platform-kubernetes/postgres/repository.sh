#!/bin/sh
# Says where backups go: writes what pgBackRest needs beyond pgbackrest.conf into its folder of further settings, or nothing
# when there is no bucket or no key to it. Sourced by start.sh, backup.sh and restore.sh.
#
# From the environment: POD_NAMESPACE, S3_BUCKET, S3_REGION, S3_ENDPOINT (https://host[:port]), S3_SECRETS (folder with access-key-id and
# secret-access-key), S3_KEY_TYPE (shared, web-id or auto; guessed from what is there), S3_CA_FILE.

export PGBACKREST_CONFIG="${PGBACKREST_CONFIG:-/etc/postgres/pgbackrest.conf}"
export PGBACKREST_CONFIG_INCLUDE_PATH="${PGBACKREST_CONFIG_INCLUDE_PATH:-$POSTGRES_RUN/pgbackrest.d}"
export PGBACKREST_STANZA=coordination
repository=$PGBACKREST_CONFIG_INCLUDE_PATH/repository.conf

s3_key_type() {
  if [ -n "${S3_KEY_TYPE:-}" ]; then
    echo "$S3_KEY_TYPE"
  elif [ -s "${S3_SECRETS:-/etc/secrets/s3}/access-key-id" ]; then
    echo shared
  elif [ -n "${AWS_WEB_IDENTITY_TOKEN_FILE:-}" ]; then
    echo web-id
  fi
}

# Bucket by host name is what S3 itself wants, bucket by path what everything else understands.
s3_uri_style() {
  case $1 in
    *.amazonaws.com) echo host ;;
    *) echo path ;;
  esac
}

repository_settings() {
  secrets=${S3_SECRETS:-/etc/secrets/s3}
  place=${S3_ENDPOINT#*://}
  place=${place%%/*}
  host=${place%:*}
  echo '[global]'
  # Each installation, which is a namespace, has a folder of its own in the bucket.
  echo "repo1-path=/postgres/${POD_NAMESPACE:-default}"
  echo "repo1-s3-bucket=$S3_BUCKET"
  echo "repo1-s3-region=${S3_REGION:-us-east-1}"
  echo "repo1-s3-endpoint=$host"
  echo "repo1-s3-uri-style=$(s3_uri_style "$host")"
  echo "repo1-s3-key-type=$1"
  [ "$host" = "$place" ] || echo "repo1-storage-port=${place##*:}"
  [ -z "${S3_CA_FILE:-}" ] || echo "repo1-storage-ca-file=$S3_CA_FILE"
  if [ "$1" = shared ]; then
    echo "repo1-s3-key=$(cat "$secrets/access-key-id")"
    echo "repo1-s3-key-secret=$(cat "$secrets/secret-access-key")"
  fi
}

write_repository() {
  mkdir -p "$PGBACKREST_CONFIG_INCLUDE_PATH"
  type=$(s3_key_type)
  if [ -z "${S3_BUCKET:-}" ] || [ -z "$type" ]; then
    rm -f "$repository"
    return
  fi
  (umask 077 && repository_settings "$type" > "$repository.new") && mv -f "$repository.new" "$repository"
}

has_repository() {
  [ -e "$repository" ]
}
