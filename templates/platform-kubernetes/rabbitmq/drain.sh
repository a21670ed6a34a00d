#!/bin/sh
# Before this node ends: waits until the others can do without it, then hands over its queues' leaders and its clients.
# Bounded, because a cluster that is taken down as a whole has no others; stays within terminationGracePeriodSeconds.
set -u

seconds=${RABBITMQ_DRAIN_SECONDS:-60}

timeout "$seconds" rabbitmq-upgrade --timeout "$seconds" await_online_quorum_plus_one ||
  echo "some queues have no majority without this node; going on" >&2
timeout "$seconds" rabbitmq-upgrade --timeout "$seconds" drain || echo "not drained; going on" >&2
exit 0
