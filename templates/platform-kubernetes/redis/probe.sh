#!/bin/sh
# Whether this node answers (`alive`), or is also part of a cluster that serves its slots (`ready`).
set -eu

ask() {
  REDISCLI_AUTH=$(cat "$REDIS_PASSWORD_FILE") redis-cli --no-auth-warning -h "$POD_IP" -p "${REDIS_PORT:-6379}" "$@"
}

case $1 in
  alive) [ "$(ask ping)" = PONG ] ;;
  ready) ask cluster info | grep -q '^cluster_state:ok' ;;
esac
