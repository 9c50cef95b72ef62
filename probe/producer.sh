#!/bin/sh
# The producer: mounts a real FUSE file system below the bridge, writes a marker that exists only inside it, and follows a
# schedule: hold, a fault, leave the dead mount, clean up, mount again, hold, unmount in order, mount once more for
# inspection. It logs each step, talks to nobody, and takes everything away on SIGTERM.
#
# Environment: RUN, NODE, DRIVER, SETTLE_SECONDS, MOUNT_SECONDS, PROBE_SECONDS, INSPECT_SECONDS, and for the schedule
# HOLD_SECONDS, STALE_SECONDS, RECOVER_SECONDS; where they are set, COMMAND and MARKER_FILE (see core/settings/settings.ts); and for a
# scenario
#   FAULT             none: the mount is held, and that is all; else what befalls the daemon then: see faults.sh
#   MEMORY_MIB        the container's memory limit, where the fault takes all of it
#   UNMOUNT_AT_START  yes: unmounts the mount point before the first mount, as some daemons do
#   CLEAR_DEAD_MOUNT  no: a dead mount stays when the daemon is started again, as in a deployment that does not take it away
#   DELAY_SECONDS     how long the daemon takes before it mounts
#   AFTERWARDS        inspect: leaves a mount for inspection; end: ends with the schedule
#   FINDINGS          a directory that outlives the container
#   POD               a directory with the pod's own annotations: this pod may be replaced by another, or has replaced one
#   SAME_POD          the daemon is a sidecar of its readers' pod: see samePod.sh
#   MOUNTS            how many file systems are mounted: see many.sh
#   SCENARIOS         those of the run that have a directory of their own below the bridge
#   PERMISSIONS       yes: the permission matrix, before the inspection (see permissions.sh)

here=${0%/*}
ROLE=producer
# shellcheck source=probe/lib.sh
. "$here/lib.sh"
# shellcheck source=probe/tools.sh
. "$here/tools.sh"
# shellcheck source=probe/platform.sh
. "$here/platform.sh"
# shellcheck source=probe/faults.sh
. "$here/faults.sh"
# shellcheck source=probe/marker.sh
. "$here/marker.sh"
# shellcheck source=probe/permissions.sh
. "$here/permissions.sh"
# shellcheck source=probe/many.sh
. "$here/many.sh"
# shellcheck source=probe/samePod.sh
. "$here/samePod.sh"
# shellcheck source=probe/driver-rclone.sh
. "$here/driver-$DRIVER.sh"
: "${FAULT:=crash}" "${UNMOUNT_AT_START:=no}" "${CLEAR_DEAD_MOUNT:=yes}" "${DELAY_SECONDS:=0}" "${AFTERWARDS:=inspect}"
SOURCE=${SOURCE:-/tmp/source}

main() {
  daemon='' hung=no mounts=0 made=''
  trap 'finish SIGTERM' TERM INT
  require_tools mkdir rmdir umount
  words=$(mktemp)
  take_over
  preflight
  tell_predecessor
  same_pod_fault
  tell_death
  clear_stale
  same_pod_prepare
  stamp_bridge
  begin_turns
  make_mount_point
  if [ -n "$replaces" ]; then
    stand_in
  elif [ -n "$SAME_POD" ]; then
    same_pod_lives
  else
    if [ -e "$FINDINGS/died" ]; then second_life; else first_life; fi
    [ "$FAULT" = none ] || recover
  fi
  afterwards
}

# Where this pod may be replaced, what it records is kept beside the mount point, for the log of the one that follows. One that
# follows another says all of that again, so that the newest log has the whole story, and goes on where the other one ended.
take_over() {
  replaces='' kept_in=''
  [ -r "$POD/annotations" ] || return 0
  history=${home:-$BRIDGE}/$STAMP.log
  said=$(sed -n 's|^fuse-propagation-test/replaces="\([a-z]*\) \([0-9A-Za-z-]*\)"$|\1 \2|p' "$POD/annotations")
  history_lines=$(grep -F "\"run\":\"$RUN\"," "$history" 2>/dev/null)
  case ${said%% *}:$history_lines in
    deleted:*'"step":"inspect"'* | forced:*'"step":"inspect"'*) replaces=$said ;;
    kubelet:*'"step":"inspect"'* | runtime:*'"step":"inspect"'*) replaces=$said ;;
    tidy:*'"step":"inspect"'* | untidy:*'"step":"inspect"'*) replaces=$said ;;
  esac
  # The logs of a container's earlier lives go, too.
  if [ -n "$replaces" ] || { [ -n "$SAME_POD" ] && [ -e "$FINDINGS/died" ]; }; then
    printf '%s\n' "$history_lines"
    mounts=$(printf '%s\n' "$history_lines" | grep -c '"step":"mount","result":"ok"')
  else
    rm -f "$history"
  fi
  # Nothing but a file of its own: somebody may have put a link, or a pipe, in its place.
  (set -C && : >"$history") 2>/dev/null || [ -f "$history" ] || return 0
  kept_in=$history
}

tell_predecessor() {
  [ -n "$replaces" ] || return 0
  lines=$(mounts_at "$MOUNT")
  found=$(printf '%s' "$lines" | grep -c .)
  record replaced info "this pod takes the place of ${replaces#* }, which was ${replaces% *}; mounts at $MOUNT: $found" \
    way "${replaces% *}" replaces "${replaces#* }" mounts "$found" mountinfo "$lines"
}

# Readers are there already, but for those of its own pod: nothing waits, and nothing befalls this daemon. `none` keeps the matrix and
# the faults out.
stand_in() {
  PERMISSIONS=no FAULT=none
  if [ -n "$SAME_POD" ]; then
    await_readers
    hold "$SETTLE_SECONDS"
  fi
  mount_fuse
  write_marker
}

# Up to the fault, and what a supervisor does after it.
first_life() {
  record settle info "waiting $SETTLE_SECONDS s, so that the consumer is there before the mount"
  hold "$SETTLE_SECONDS"
  unmount_at_start
  mount_fuse
  write_marker
  many_mount
  [ "$FAULT" != none ] || return 0
  hold "$HOLD_SECONDS"
  # What outlives its end is held, and that is all.
  crash || { FAULT=none && return; }
  hold "$STALE_SECONDS"
  [ "$hung" = no ] || let_go
  clean
}

# The first one left a dead mount, which is gone by now as any other of an earlier run.
second_life() {
  mounts=1
  record settle info "not waiting: this container died, and was started again"
  unmount_at_start
}

recover() {
  mount_fuse
  write_marker
  hold "$RECOVER_SECONDS"
  unmount_in_order
}

# Of a scenario nobody inspects anything: the schedule is all there is.
afterwards() {
  case $FAULT-$AFTERWARDS in
    none-end) keep "$(schedule_seconds)" ;;
    *-end) ;;
    none-*) inspect ;;
    *)
      mount_fuse
      write_marker
      inspect
      ;;
  esac
  finish "$(window_end)"
}

schedule_seconds() { echo "$((HOLD_SECONDS + STALE_SECONDS + RECOVER_SECONDS))"; }

window_end() {
  case $AFTERWARDS in
    end) echo "the end of the schedule" ;;
    *) echo "the end of the inspection window" ;;
  esac
}

# Tells a sweep that the bridge was made for the test: the kubelet makes it where it is missing, and leaves no word of it. Only
# the base pair's producer sees the bridge itself.
stamp_bridge() {
  [ "$AFTERWARDS-$SAME_POD" = inspect- ] && made_with_pod "$BRIDGE" || return 0
  { : >"$BRIDGE/$STAMP"; } 2>/dev/null || return 0
}

# From now on the pairs of the scenarios count their turns: see turn.sh. A file of its own, or nothing.
begin_turns() {
  [ -n "${SCENARIOS:-}" ] && [ -z "$replaces" ] || return 0
  if [ -f "$BRIDGE/$TURNS" ]; then rm -f "$BRIDGE/$TURNS"; fi
  ticks
  (set -C && echo "$RUN $ticks" >"$BRIDGE/$TURNS") 2>/dev/null || return 0
}

# A directory that was there before this pod stays when it ends, even if it is empty.
make_mount_point() {
  : "${made:=$(made_with_pod "$MOUNT" && echo yes)}"
  mkdir -p "$MOUNT" 2>"$words" || give_up mount "the directory $MOUNT cannot be made" "$(cat "$words")"
}

# What the kernel and the node offer, before anything is asked of them.
preflight() {
  log_identity
  if [ -c /dev/fuse ]; then device=yes; else device=no; fi
  if [ "$device" = yes ] && ! (: <>/dev/fuse) 2>"$words"; then device=$(errno_of "$(cat "$words")"); fi
  # Afterwards: to open the device loads the kernel's module.
  if grep -qw fuse /proc/filesystems; then fuse=yes; else fuse=no; fi
  bridge_mount=$(volume_mount)
  volume_id=${bridge_mount%% *}
  case "$fuse$device" in yesyes) seen=ok ;; *) seen=error ;; esac
  record preflight "$seen" "fuse in /proc/filesystems: $fuse, /dev/fuse opens: $device, bridge is $(peers_of_mount "$bridge_mount")" \
    fuse "$fuse" device "$device" propagation "$(peers_of_mount "$bridge_mount")" mountinfo "$bridge_mount"
  # To open the device has loaded the kernel's module, if anything does.
  log_platform
}

# What lies at the mount point would block this run. A dead FUSE mount of an earlier one, or a living one that carries this
# test's marker, is taken away. Everything else is somebody else's, and stays.
clear_stale() {
  point=${1:-$MOUNT}
  # That of this run's own daemon, in another pod or in this container's first life.
  if [ "$CLEAR_DEAD_MOUNT" = no ] && { [ -n "$replaces" ] || [ -e "$FINDINGS/died" ]; }; then return; fi
  tries=0
  # In the leaf layout the volume itself is mounted there.
  while stale=$(topmost_at "$point") && [ -n "$stale" ] && [ "$stale" != "$bridge_mount" ]; do
    state_of_mount "$point" "$stale"
    said=${errno:-alive}
    [ "$state" != foreign ] || give_up in-use "a mount that is not this test's lies at $point, and stays" "$out" mountinfo "$stale"
    tries=$((tries + 1))
    if [ "$tries" -gt 16 ] || ! bounded umount -l "$point"; then
      give_up stale "a mount of an earlier run at $point cannot be taken away" "$out" mountinfo "$stale"
    fi
    record stale ok "took away a mount of an earlier run at $point ($said)" state "$said" mountinfo "$stale"
  done
}

mount_fuse() {
  mounts=$((mounts + 1))
  if [ "${DRIVER_READS_SOURCE_AT_START:-no}" = yes ]; then mkdir -p "$SOURCE" && put_marker "$SOURCE"; fi
  before=$(uptime_now)
  # What the marker must not lie on.
  bounded stat -c %d "$MOUNT" || bounded stat -c %d "$BRIDGE"
  plain_device=$out
  # A dead mount that could not be taken away is there still: only one more is the daemon's.
  had=$(fuse_below "$MOUNT")
  {
    [ "$DELAY_SECONDS" = 0 ] || sleep "$DELAY_SECONDS"
    driver_start "$MOUNT" "$SOURCE"
  } >"$words" 2>&1 &
  daemon=$!
  record daemon info "started $DRIVER as process $daemon: $(driver_says)" driver "$DRIVER" pid "$daemon"
  absent=$before
  until
    tried=$(uptime_now)
    [ -n "$(fuse_at "$MOUNT")" ] && [ "$(fuse_below "$MOUNT")" != "$had" ]
  do
    absent=$tried
    if ! kill -0 "$daemon" 2>/dev/null; then
      wait "$daemon"
      code=$?
      give_up mount "the daemon ended with exit code $code and never mounted" "$(cat "$words")" exit_code "$code"
    fi
    if over "$before" "$((MOUNT_SECONDS * slow / 100))"; then
      give_up mount "the daemon runs, but mounted nothing within $((MOUNT_SECONDS * slow / 100)) s" "$(cat "$words")"
    fi
    sleep 0.05
  done
  fuse_mount=$(fuse_at "$MOUNT")
  # What has put itself into the background can be neither killed nor watched; what was killed meanwhile says so.
  if ! kill -0 "$daemon" 2>/dev/null; then
    wait "$daemon"
    code=$?
    [ "$code" != 0 ] ||
      give_up mount "the daemon mounted and went away: run it in the foreground" "$(cat "$words")" mountinfo "$fuse_mount"
    give_up mount "the daemon mounted and ended with exit code $code" "$(cat "$words")" exit_code "$code" mountinfo "$fuse_mount"
  fi
  record mount ok "$(type_of_mount "$fuse_mount") is mounted at $MOUNT, $(peers_of_mount "$fuse_mount")" \
    fstype "$(type_of_mount "$fuse_mount")" propagation "$(peers_of_mount "$fuse_mount")" mount "$mounts" absent_until "$absent" mountinfo "$fuse_mount"
}

# What a supervisor does before it starts the daemon again. Only the mount table tells that nothing is left.
clean() {
  if [ "$CLEAR_DEAD_MOUNT" = no ]; then
    record clean info "left the dead mount in its place, as the settings ask" mountinfo "$(fuse_at "$MOUNT")"
    return
  fi
  tries=0 out=''
  while [ -n "$(fuse_at "$MOUNT")" ] && [ "$tries" -lt 16 ] && bounded umount -l "$MOUNT"; do tries=$((tries + 1)); done
  left=$(fuse_at "$MOUNT")
  case $tries-$left in
    0-) record clean ok "there is no dead mount to take away" ;;
    *-) record clean ok "took the dead mount away" ;;
    *) record clean error "the dead mount cannot be taken away: $out" errno "$errno" detail "$out" mountinfo "$left" ;;
  esac
}

unmount_in_order() {
  if [ -z "$(fuse_below "$MOUNT")" ]; then
    record unmount-in-order error "there is no mount to unmount"
  elif bounded umount "$MOUNT" || bounded umount -l "$MOUNT"; then
    record unmount-in-order ok "unmounted while the daemon lives"
  else
    record unmount-in-order error "cannot unmount: $out" errno "$errno" detail "$out"
  fi
  daemon_stop
}

inspect() {
  permissions_mount
  record inspect info "leaving the mount for inspection, for $INSPECT_SECONDS s at most"
  keep "$INSPECT_SECONDS"
}

# keep SECONDS
# Keeps the mount until the time is over; a daemon that dies meanwhile is an observation.
keep() {
  ticks
  aged=0 aged_at=$ticks slow=100
  while [ "$aged" -lt $(($1 * 100)) ]; do
    pause 0.5
    # The inspection window is the operator's own time.
    [ "$AFTERWARDS" != end ] || gauge
    age
    [ -z "$daemon" ] || kill -0 "$daemon" 2>/dev/null || daemon_died
  done
}

# give_up STEP TEXT WORDS [KEY VALUE]...
# The mount cannot be had. The words are the daemon's or the tool's own. The pod stays as long as it would have with it.
give_up() {
  failed=$1 text=$2 detail=$3
  shift 3
  record "$failed" error "$text: $detail" errno "$(errno_of "$detail")" detail "$detail" "$@"
  daemon_stop
  case $AFTERWARDS in
    end) pause "$(schedule_seconds)" ;;
    *) pause "$INSPECT_SECONDS" ;;
  esac
  finish "$(window_end)"
}

# Leaves the node as it was: no mount, no daemon, no directory of ours in the bridge.
finish() {
  trap '' TERM INT
  # The kubelet gives a pod five seconds in all.
  PROBE_SECONDS=1 slow=100
  pause_over
  if same_pod_leaves "$1"; then
    record finish info "leaves its mount, as a daemon does that is killed: $1"
    daemon_kill
    exit 137
  fi
  record finish info "taking the mount away: $1"
  permissions_finish
  many_finish
  [ "$hung" = no ] || let_go
  out=
  # Before the first mount there is nothing of ours to take away.
  own_mounts() { [ "$mounts" = 0 ] || fuse_below "$MOUNT"; }
  take_away
  daemon_stop
  # One that did not end in time, and was killed, leaves what it has mounted meanwhile.
  take_away
  said=$out
  left=$(own_mounts; many_left)
  if [ -z "$left" ]; then
    [ "$made" != yes ] || rmdir "$MOUNT" 2>/dev/null
    same_pod_finish "$1"
    record unmount ok "nothing of this run is mounted below $BRIDGE any more"
  else
    record unmount error "still mounted: $left" mountinfo "$left" detail "$said"
  fi
  take_dead_of_scenarios
  exit 0
}

# Mounts may be stacked: a dead one that was left in its place, or a second daemon's.
take_away() {
  tries=0
  while [ -n "$(own_mounts)" ] && [ "$tries" -lt 16 ] && { bounded umount "$MOUNT" || bounded umount -l "$MOUNT"; }; do tries=$((tries + 1)); done
}

# A scenario's producer that the kubelet cannot start again leaves its dead mount, and only the base pair's sees the whole bridge.
take_dead_of_scenarios() {
  for scenario in ${SCENARIOS:-}; do
    point=$BRIDGE/$scenario/fuse
    state_of_mount "$point" "$(fuse_at "$point")"
    [ "$state" != dead ] || bounded umount -l "$point"
  done
}

daemon_stop() {
  [ -n "$daemon" ] || return 0
  members=$(family "$daemon")
  # shellcheck disable=SC2086 # one word a process
  kill -TERM $members 2>/dev/null
  waited=0
  while kill -0 "$daemon" 2>/dev/null && [ "$waited" -lt 10 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  # shellcheck disable=SC2086 # one word a process
  daemon_end $members
}

# shellcheck disable=SC2046 # one word a process
daemon_kill() { daemon_end $(family "$daemon"); }

daemon_end() {
  kill -KILL "$@" 2>/dev/null
  wait "$daemon" 2>/dev/null
  daemon=
}

main
