#!/bin/sh
# Starts one node of the Redis cluster.
#
# A node remembers its peers by address, in nodes.conf. When all pods come back with other addresses nobody finds anybody
# any more, so this first writes into nodes.conf where the peers, known by their host names, are now.
set -eu
umask 077

: "${POD_NAME:?}" "${POD_IP:?}" "${REDIS_PASSWORD_FILE:?}"
service=${REDIS_SERVICE:-redis}
data=${REDIS_DATA:-/data}
config=${REDIS_CONFIG:-/etc/redis/redis.conf}
run=${REDIS_RUN:-/run/redis}
port=${REDIS_PORT:-6379}
bind=${REDIS_BIND:-$POD_IP 127.0.0.1}
memory=${REDIS_MEMORY_LIMIT:-0}

# The address of a host name, or nothing when it has none yet.
address_of() {
  timeout 3 getent hosts "$1" | { read -r address _ && printf '%s' "$address"; } || true
}

# Prints nodes.conf with the addresses of today. A line is: ID IP:PORT@BUS,HOST[,more] FLAGS ...
readdress() {
  while read -r id place rest; do
    case $place in
      *:*@*,?*)
        host=${place#*,}
        now=$(address_of "${host%%,*}")
        [ -z "$now" ] || place="$now:${place##*:}"
        ;;
    esac
    printf '%s %s %s\n' "$id" "$place" "$rest"
  done
}

if [ -s "$data/nodes.conf" ]; then
  readdress < "$data/nodes.conf" > "$data/nodes.conf.new"
  mv "$data/nodes.conf.new" "$data/nodes.conf"
fi

password=$(cat "$REDIS_PASSWORD_FILE")
{
  printf 'requirepass %s\nmasterauth %s\n' "$password" "$password"
  printf 'port %s\nbind %s\n' "$port" "$bind"
  printf 'cluster-announce-ip %s\ncluster-announce-hostname %s\n' "$POD_IP" "$POD_NAME.$service"
  # A quarter of the container's memory is left to the copy that a snapshot makes and to the buffers of clients.
  printf 'maxmemory %s\n' "$((memory * 3 / 4))"
} > "$run/local.conf"

exec redis-server "$config" --dir "$data" --include "$run/local.conf"
