#!/bin/sh
# Before the node starts: puts the cookie, by which the nodes trust each other, where Erlang wants it, readable by it alone.
set -eu

cookie=${RABBITMQ_COOKIE_FILE:-/etc/secrets/rabbitmq/erlang-cookie}
home=${RABBITMQ_HOME_DIRECTORY:-/var/lib/rabbitmq}

umask 077
cat "$cookie" > "$home/.erlang.cookie.new"
chmod 0600 "$home/.erlang.cookie.new"
mv -f "$home/.erlang.cookie.new" "$home/.erlang.cookie"
