#!/bin/sh
# Runs before a pair's containers are created: waits for the pair's turn, and for a late consumer until the mount is there, so
# that its containers are born with it, however busy the node is.
#
# Where many pods start at once this container may come a minute after others of its pair. So a turn counts from when the kubelet made
# the pod's volumes: that it does at once for all pods.
#
# Environment: TURN_SECONDS; AWAIT, a mount point, or empty; AWAIT_SECONDS, after which it goes on without the mount.

here=${0%/*}
ROLE=turn
# shellcheck source=probe/lib.sh
. "$here/lib.sh"
# shellcheck source=probe/tools.sh
. "$here/tools.sh"

# How long until the turn; a clock that was set back makes it no longer than it is meant to be.
seconds_left() {
  gone=$(($(date +%s) - $(pod_made)))
  if [ "$gone" -lt 0 ]; then gone=0; fi
  if [ "$gone" -ge "$TURN_SECONDS" ]; then echo 0; else echo "$((TURN_SECONDS - gone))"; fi
}

trap 'exit 0' TERM INT
require_tools tail
pause "$(seconds_left)"
[ -n "${AWAIT:-}" ] || exit 0
ticks
aged=0 aged_at=$ticks
while
  type_in "$(topmost_at "$AWAIT")"
  ! is_fuse "$type"
do
  if [ "$aged" -ge $((AWAIT_SECONDS * 100)) ]; then
    record turn error "no FUSE mount came to $AWAIT within $AWAIT_SECONDS s"
    exit 0
  fi
  pause 0.25
  gauge
  age
done
record turn ok "the mount is there: whoever is created now is born with it" mountinfo "$(topmost_at "$AWAIT")"
