#!/bin/sh
# Before this node ends: hands its slots to a replica, so that nobody waits until the others find it gone. Bounded.
set -u

: "${POD_IP:?}" "${REDIS_PASSWORD_FILE:?}"
port=${REDIS_PORT:-6379}

ask() {
  at=$1
  shift
  REDISCLI_AUTH=$(cat "$REDIS_PASSWORD_FILE") timeout 5 redis-cli --no-auth-warning -h "$at" -p "$port" "$@"
}

is_master() {
  ask "$POD_IP" info replication | grep -q '^role:master'
}

is_master || exit 0
replica=$(ask "$POD_IP" info replication | tr -d '\r' | sed -n 's/^slave0:ip=\([^,]*\),.*state=online.*/\1/p')
[ -n "$replica" ] || exit 0
ask "$replica" cluster failover
tries=0
while is_master && [ "$tries" -lt 10 ]; do
  tries=$((tries + 1))
  sleep 1
done
exit 0
