#!/bin/sh
# Before the node starts: puts the cookie, by which the nodes trust each other, where Erlang wants it, readable by it alone; and
# the first time waits for the node with number 0, so that nodes that start at once do not each found a cluster.
set -eu

cookie=${RABBITMQ_COOKIE_FILE:-/etc/secrets/rabbitmq/erlang-cookie}
home=${RABBITMQ_HOME_DIRECTORY:-/var/lib/rabbitmq}
data=${RABBITMQ_MNESIA_BASE:-$home/mnesia}
first=${RABBITMQ_FIRST_NODE:-rabbit@rabbitmq-0.rabbitmq}

umask 077
cat "$cookie" > "$home/.erlang.cookie.new"
mv -f "$home/.erlang.cookie.new" "$home/.erlang.cookie"

# Whoever has data knows its peers. Bounded: without node 0 for five minutes, the others found the cluster.
if [ -e "$data" ] || [ "$RABBITMQ_NODENAME" = "$first" ]; then
  exit 0
fi
tries=0
until HOME=$home timeout 20 rabbitmq-diagnostics --quiet --node "$first" check_running > /dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || break
  sleep 5
done
