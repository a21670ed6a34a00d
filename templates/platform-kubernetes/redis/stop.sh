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

# The address of a replica that is there. A line is: ID IP:PORT@BUS,HOST FLAGS MASTER ...
replica=$(ask "$POD_IP" cluster nodes | awk '
  $3 ~ /myself/ { own = $1 }
  $3 ~ /slave/ && $3 !~ /fail|noaddr/ { sub(/:[0-9]*@.*/, "", $2); replica[$4] = $2 }
  END { print replica[own] }
')
[ -n "$replica" ] || exit 0
ask "$replica" cluster failover
tries=0
while is_master && [ "$tries" -lt 10 ]; do
  tries=$((tries + 1))
  sleep 1
done
exit 0
