#!/bin/sh
# Runs before a pair's containers are created: waits for the pair's turn, and for a late consumer until the mount is there, so
# that its containers are born with it, however busy the node is.
#
# Many pods are made one after the other, and this container may come a minute after others of its pair. So turns count from when
# the base pair's producer began, as it has written into the bridge; where it could not, from when the kubelet made this pod's volumes.
#
# Environment: TURN_SECONDS; AWAIT, a mount point, or empty; AWAIT_SECONDS, after which it goes on without the mount; POD, a directory
# with the pod's own annotations, where it may be replaced.

here=${0%/*}
ROLE=turn
# shellcheck source=probe/lib.sh
. "$here/lib.sh"
# shellcheck source=probe/tools.sh
. "$here/tools.sh"

# Of a pod that takes another's place the turn has come.
is_replacement() { grep -q '^fuse-propagation-test/replaces=' "$POD/annotations" 2>/dev/null; }

await_turn() {
  # A clock that was set back makes nothing longer.
  made_ago=$(($(date +%s) - $(pod_made)))
  if [ "$made_ago" -lt 0 ]; then made_ago=0; fi
  ticks
  made=$((ticks - made_ago * 100))
  while
    ticks
    began=$made step=5
    if has_base_begun; then began=$base_began step=$TURN_SECONDS; fi
    left=$((TURN_SECONDS - (ticks - began) / 100))
    [ "$left" -gt 0 ]
  do
    if [ "$left" -lt "$step" ]; then step=$left; fi
    pause "$step"
  done
}

# Sets `base_began`, in hundredths of a second since boot. What another run has left, or an earlier one of the same name, is none: the
# pods of a run are made within two minutes of the base pair's.
has_base_begun() {
  base_run='' base_began=''
  if [ -f "$BRIDGE/$TURNS" ]; then read -r base_run base_began <"$BRIDGE/$TURNS"; fi
  [ "$base_run" = "$RUN" ] && [ -n "$base_began" ] && [ $((made - base_began)) -lt 12000 ]
}

trap 'exit 0' TERM INT
require_tools tail
is_replacement || await_turn
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
