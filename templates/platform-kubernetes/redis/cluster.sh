#!/bin/sh
# Runs beside every node: forms the cluster once, and keeps it whole.
#
# Each round this node meets the peers that it does not know at their address of now, forgets nodes that were replaced, and
# follows a master when it serves nothing itself. The pod with number 0 gives out the slots that nobody has, once all are there.
# Every step can be done again; one that fails is tried again in the next round.
set -u

: "${POD_NAME:?}" "${POD_IP:?}" "${REDIS_PASSWORD_FILE:?}"
service=${REDIS_SERVICE:-redis}
nodes=${REDIS_NODES:-6}
masters=${REDIS_MASTERS:-3}
port=${REDIS_PORT:-6379}
interval=${REDIS_INTERVAL_SECONDS:-5}
set_name=${POD_NAME%-*}
ordinal=${POD_NAME##*-}

address_of() {
  timeout 3 getent hosts "$1" | { read -r address _ && printf '%s' "$address"; } || true
}

# Asks the node at an address.
ask() {
  asked=$1
  shift
  REDISCLI_AUTH=$(cat "$REDIS_PASSWORD_FILE") timeout 5 redis-cli --no-auth-warning -h "$asked" -p "$port" "$@"
}

own() {
  ask "$POD_IP" "$@"
}

# One value of `cluster info`.
fact() {
  own cluster info | tr -d '\r' | sed -n "s/^$1://p"
}

meet_peers() {
  known=$(own cluster nodes) || return
  number=0
  while [ "$number" -lt "$nodes" ]; do
    host=$set_name-$number.$service
    number=$((number + 1))
    at=$(address_of "$host")
    [ -n "$at" ] || continue
    case $known in
      *" $at:$port@$((port + 10000)),$host"*) continue ;;
    esac
    own cluster meet "$at" "$port" > /dev/null && echo "meets $host at $at"
  done
}

# A pod whose volume was lost comes back under its name as another node; the one it was before is forgotten, unless a
# replica of it is about to take over its slots.
forget_replaced() {
  own cluster nodes | awk '
    { split($2, place, ","); host = place[2] }
    $3 ~ /fail\?|handshake|myself/ { if ($3 ~ /myself/) here[host] = 1; next }
    $3 ~ /fail|noaddr/ { gone[$1] = host; next }
    { here[host] = 1; if ($3 ~ /slave/) followed[$4] = 1 }
    END { for (id in gone) if (gone[id] != "" && gone[id] in here && !(id in followed)) print id }
  ' | while read -r id; do
    own cluster forget "$id" > /dev/null && echo "forgets $id, which another node replaced"
  done
}

# Prints ADDRESS FIRST LAST for the slots that nobody has, spread evenly over the masters that are wanted and have none.
unserved_slots() {
  own cluster nodes | awk -v masters="$masters" -v nodes="$nodes" -v name="$set_name" -v service="$service" '
    { for (i = 9; i <= NF; i++) if ($i !~ /^\[/) { n = split($i, ends, "-"); for (s = ends[1] + 0; s <= ends[n] + 0; s++) taken[s] = 1 } }
    $3 ~ /fail|handshake|noaddr/ || $3 !~ /master/ { next }
    { split($2, place, ","); at = place[1]; sub(/:[0-9]*@.*/, "", at) }
    NF > 8 { serving++; last = at }
    NF == 8 { empty[place[2]] = at }
    END {
      for (o = 0; o < nodes && serving + count < masters; o++) {
        host = name "-" o "." service
        if (host in empty) target[count++] = empty[host]
      }
      if (count == 0 && last != "") target[count++] = last
      for (s = 0; s < 16384; s++) if (!(s in taken)) free[total++] = s
      for (t = 0; t < count; t++) {
        from = int(total * t / count); to = int(total * (t + 1) / count)
        for (i = from; i < to; i++) {
          if (i == from || free[i] != free[i - 1] + 1) first = free[i]
          if (i == to - 1 || free[i + 1] != free[i] + 1) print target[t], first, free[i]
        }
      }
    }
  '
}

# Whether every peer answers and knows as many nodes as there are to be.
all_know_all() {
  number=0
  while [ "$number" -lt "$nodes" ]; do
    at=$(address_of "$set_name-$number.$service")
    number=$((number + 1))
    ask "$at" cluster info | tr -d '\r' | grep -qx "cluster_known_nodes:$nodes" || return 1
  done
}

give_slots() {
  [ "$ordinal" = 0 ] && [ "$(fact cluster_slots_assigned)" != 16384 ] && all_know_all || return
  unserved_slots | while read -r at first last; do
    ask "$at" cluster addslotsrange "$first" "$last" > /dev/null && echo "gives the slots $first to $last to $at"
  done
}

# The master for this node, when it serves nothing: of those with the fewest replicas. All nodes that serve nothing count
# themselves out in the same order, so that they do not all choose the same one.
master_to_follow() {
  own cluster nodes | awk -v nodes="$nodes" -v name="$set_name" -v service="$service" '
    $3 ~ /fail|handshake|noaddr/ { next }
    { split($2, place, ","); host = place[2] }
    $3 ~ /slave/ { replicas[$4]++ }
    $3 ~ /master/ && NF > 8 { master[host] = $1 }
    $3 ~ /master/ && NF == 8 { empty[host] = 1; if ($3 ~ /myself/) own = host }
    END {
      for (o = 0; o < nodes && own in empty; o++) {
        if (!((name "-" o "." service) in empty)) continue
        best = ""
        for (m = 0; m < nodes; m++) {
          id = master[name "-" m "." service]
          if (id != "" && (best == "" || replicas[id] + 0 < replicas[best] + 0)) best = id
        }
        if (name "-" o "." service == own) { print best; exit }
        replicas[best]++
      }
    }
  '
}

follow_master() {
  [ "$(fact cluster_slots_assigned)" = 16384 ] || return
  master=$(master_to_follow)
  [ -n "$master" ] && own cluster replicate "$master" > /dev/null && echo "follows $master"
}

round() {
  [ "$(own ping)" = PONG ] || return
  meet_peers
  forget_replaced
  give_slots
  follow_master
}

# As the shell is the container's first process it must end by itself when told to.
trap 'exit 0' TERM INT
while :; do
  round
  sleep "$interval" &
  wait $!
done
