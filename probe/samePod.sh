# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317 # what it sets and reads is of producer.sh, faults.sh and lib.sh
# The daemon as a native sidecar of its readers' own pod: its lives, and what outlives them. Sourced by producer.sh, never run.
#
# Environment: SAME_POD, the volume between the daemon and its readers: emptyDir, memory or hostPath. Over an emptyDir the scenario's
# directory of the node is at STORE; a hostPath is that directory itself.
#
# What the daemon serves lies in that directory, with a file that nobody but the kubelet could remove, through a mount (`sentinel`).
# An emptyDir lies where none of the test's pods looks: so it is bound into the same directory (`window`). A mount that is left in
# the emptyDir is then below the bridge too, and whoever takes it away there takes it away everywhere.

SAME_POD=${SAME_POD:-}
STORE=${STORE:-/store}
case $SAME_POD in
  '') ;;
  hostPath) home=$BRIDGE ;;
  *) home=$STORE window=$STORE/window ;;
esac
[ -z "$SAME_POD" ] || SOURCE=$home/source

same_pod_prepare() {
  [ -n "$SAME_POD" ] || return 0
  open_window
  sentinel=$SOURCE/sentinel
  # The next mount would show what was written through the last one, until its own is written.
  rm -f "$SOURCE/marker" "$SOURCE/held"
  if [ -z "$replaces" ] && [ ! -e "$FINDINGS/died" ]; then
    # Of an earlier run.
    same_pod_empty
    mkdir -p "$SOURCE"
    if { printf '%s\n' "run=$RUN" >"$sentinel"; } 2>"$words"; then
      record sentinel info "wrote $sentinel, which no pod of the test removes"
    else
      record sentinel error "cannot write $sentinel" detail "$(cat "$words")"
    fi
    return 0
  fi
  if found=$(cat "$sentinel" 2>&1) && [ "$found" = "run=$RUN" ]; then
    record sentinel ok "$sentinel is there as it was"
  else
    record sentinel error "$sentinel is not as it was: $found" detail "$found"
  fi
}

# Before the first mount: what is mounted later is seen through it.
open_window() {
  [ -n "${window:-}" ] || return 0
  volume=$(awk '{ print $3, $4 }' <<TABLE
$bridge_mount
TABLE
  )
  tries=0
  while there=$(topmost_at "$window") && [ -n "$there" ]; do
    # That of an earlier life is this pod's own.
    [ "$(echo "$there" | awk '{ print $3, $4 }')" != "$volume" ] || return 0
    tries=$((tries + 1))
    if [ "$tries" -gt 16 ] || ! bounded umount -l "$window"; then break; fi
  done
  out=''
  if mkdir -p "$window" 2>"$words" && bounded mount --bind "$BRIDGE" "$window"; then
    record window ok "bound the volume at $BRIDGE to $window" mountinfo "$(topmost_at "$window")"
  else
    : "${out:=$(cat "$words")}"
    record window error "cannot bind the volume at $BRIDGE to $window: $out" errno "$(errno_of "$out")" detail "$out"
  fi
}

# The kubelet makes the readers after their sidecar, the control first, and none may be born with the mount. Its first look is in
# FINDINGS; one that never comes keeps nobody for ever.
await_readers() {
  ticks
  aged=0 aged_at=$ticks
  until [ -e "$FINDINGS/control" ] || [ "$aged" -ge 3000 ]; do
    pause 0.2
    gauge
    age
  done
}

# The lives of the first pod: the daemon dies with its container; comes back, and is killed for running out of memory; comes back, and stays.
same_pod_lives() {
  if [ ! -e "$FINDINGS/died" ]; then
    await_readers
    first_life
  else
    second_life
    [ ! -e "$FINDINGS/starved" ] || mounts=2
    mount_fuse
    write_marker
    if [ ! -e "$FINDINGS/starved" ]; then
      hold "$RECOVER_SECONDS"
      starve
    fi
  fi
  # Whatever befalls the pod from now on, the collector does.
  FAULT=none
}

# Only where it failed is there anything to go on with.
starve() {
  # Without the file the next life would do it again.
  if (: >"$FINDINGS/starved") 2>"$words"; then exhaust_memory; else out=$(cat "$words"); fi
  record crash error "the container, and the FUSE daemon in it, go on: $out" fault oom detail "$out"
}

# What befell the life before this one: see tell_death.
same_pod_fault() { [ -z "$SAME_POD" ] || [ ! -e "$FINDINGS/starved" ] || FAULT=oom; }

# Whether this pod's sidecar ends as one that is killed: the one that follows a pod which has gone in order.
same_pod_leaves() { case $SAME_POD-$replaces-$1 in ?*-"tidy "*-SIGTERM) ;; *) return 1 ;; esac }

# At the end of a pod: the next one may want the sentinel, and the story so far. Nobody follows the one that ends by itself.
same_pod_finish() {
  [ -n "$SAME_POD" ] || return 0
  if [ -n "${window:-}" ] && [ -n "$(mounts_at "$window")" ]; then bounded umount "$window" || bounded umount -l "$window"; fi
  [ -z "${window:-}" ] || rmdir "$window" 2>/dev/null
  if [ "$1" = SIGTERM ]; then rm -f "$SOURCE/held" "$SOURCE/marker" "$SOURCE.squashfs"; else same_pod_empty; fi
}

# Only what this script, marker.sh and the drivers write.
same_pod_empty() {
  rm -f "$SOURCE/held" "$SOURCE/marker" "$SOURCE.squashfs" "$SOURCE/sentinel"
  rmdir "$SOURCE" 2>/dev/null
  :
}
