#!/bin/sh
# The producer: mounts a real FUSE file system below the bridge, writes a marker that exists only inside it, and follows a
# schedule: hold, kill the daemon, leave the dead mount, clean up, mount again, hold, unmount in order, mount once more for
# inspection. It logs each step, talks to nobody, and takes everything away on SIGTERM.
#
# Environment: RUN, NODE, DRIVER, SETTLE_SECONDS, MOUNT_SECONDS, PROBE_SECONDS, INSPECT_SECONDS, and for the schedule
# CRASH (yes or no), HOLD_SECONDS, STALE_SECONDS, RECOVER_SECONDS (see core/settings.ts); PERMISSIONS (see permissions.sh).

here=$(dirname "$0")
ROLE=producer
# shellcheck source=probe/lib.sh
. "$here/lib.sh"
# shellcheck source=probe/permissions.sh
. "$here/permissions.sh"
# shellcheck source=probe/driver-rclone.sh
. "$here/driver-$DRIVER.sh"

main() {
  daemon=
  trap 'finish SIGTERM' TERM INT
  words=$(mktemp)
  preflight
  clear_stale
  mkdir -p "$MOUNT" 2>"$words" || give_up mount "the directory $MOUNT cannot be made" "$(cat "$words")"
  record settle info "waiting $SETTLE_SECONDS s, so that the consumer is there before the mount"
  pause "$SETTLE_SECONDS"
  mounts=0
  mount_fuse
  write_marker
  if [ "$CRASH" = yes ]; then
    pause "$HOLD_SECONDS"
    crash
    pause "$STALE_SECONDS"
    clean
    mount_fuse
    write_marker
    pause "$RECOVER_SECONDS"
    unmount_in_order
    mount_fuse
    write_marker
  fi
  inspect
  finish "the end of the inspection window"
}

# What the kernel and the node offer, before anything is asked of them.
preflight() {
  log_identity
  if grep -qw fuse /proc/filesystems; then fuse=yes; else fuse=no; fi
  if [ -c /dev/fuse ]; then device=yes; else device=no; fi
  if [ "$device" = yes ] && ! (: <>/dev/fuse) 2>"$words"; then device=$(errno_of "$(cat "$words")"); fi
  bridge_mount=$(mount_of "$BRIDGE")
  case "$fuse$device" in yesyes) seen=ok ;; *) seen=error ;; esac
  record preflight "$seen" "fuse in /proc/filesystems: $fuse, /dev/fuse opens: $device, bridge is $(peers_of_mount "$bridge_mount")" \
    fuse "$fuse" device "$device" propagation "$(peers_of_mount "$bridge_mount")" mountinfo "$bridge_mount"
}

# A mount of an earlier run, dead or alive, would block this one: take it away first.
clear_stale() {
  tries=0
  while stale=$(mounts_below "$MOUNT" | tail -n 1) && [ -n "$stale" ]; do
    point=$(printf '%s\n' "$stale" | awk '{ print $5 }')
    bounded stat "$point"
    said=${errno:-alive}
    tries=$((tries + 1))
    if [ "$tries" -gt 16 ] || ! umount -l "$point" 2>"$words"; then
      give_up stale "a mount of an earlier run at $point cannot be taken away" "$(cat "$words")" mountinfo "$stale"
    fi
    record stale ok "took away a mount of an earlier run at $point ($said)" state "$said" mountinfo "$stale"
  done
}

mount_fuse() {
  mounts=$((mounts + 1))
  before=$(uptime_now)
  driver_start "$MOUNT" >"$words" 2>&1 &
  daemon=$!
  record daemon info "started $DRIVER as process $daemon: $(driver_says)" driver "$DRIVER" pid "$daemon"
  until is_fuse "$(type_of_mount "$(mount_of "$MOUNT")")"; do
    if ! kill -0 "$daemon" 2>/dev/null; then
      wait "$daemon"
      code=$?
      give_up mount "the daemon ended with exit code $code and never mounted" "$(cat "$words")" exit_code "$code"
    fi
    if awk -v now="$(uptime_now)" -v then="$before" -v limit="$MOUNT_SECONDS" 'BEGIN { exit !(now - then > limit) }'; then
      give_up mount "the daemon runs, but mounted nothing within $MOUNT_SECONDS s" "$(cat "$words")"
    fi
    sleep 0.05
  done
  fuse_mount=$(mount_of "$MOUNT")
  record mount ok "$(type_of_mount "$fuse_mount") is mounted at $MOUNT, $(peers_of_mount "$fuse_mount")" \
    fstype "$(type_of_mount "$fuse_mount")" propagation "$(peers_of_mount "$fuse_mount")" mount "$mounts" mountinfo "$fuse_mount"
}

# The daemon dies as when the kernel is out of memory: without a chance to unmount.
crash() {
  kill -KILL "$daemon"
  wait "$daemon" 2>/dev/null
  daemon=
  record crash ok "killed the FUSE daemon with SIGKILL; its mount stays, dead" mountinfo "$(mount_of "$MOUNT")"
}

# What a supervisor does before it starts the daemon again.
clean() {
  if umount -l "$MOUNT" 2>"$words"; then
    record clean ok "took the dead mount away"
  else
    record clean error "the dead mount cannot be taken away: $(cat "$words")" detail "$(cat "$words")"
  fi
}

unmount_in_order() {
  if umount "$MOUNT" 2>"$words" || umount -l "$MOUNT" 2>"$words"; then
    record unmount-in-order ok "unmounted while the daemon lives"
  else
    record unmount-in-order error "cannot unmount: $(cat "$words")" detail "$(cat "$words")"
  fi
  daemon_stop
}

# The marker goes in through the mount: it is never a file of the bridge itself.
write_marker() {
  nonce=$(cat /proc/sys/kernel/random/uuid)
  # Larger than any read-ahead: readers keep it open over the crash, and read on from it afterwards.
  bounded dd if=/dev/zero of="$MOUNT/held" bs=1048576 count=8 || record held error "cannot write $MOUNT/held: $errno" errno "$errno" detail "$out"
  # shellcheck disable=SC2016 # the inner shell expands its own arguments
  if bounded sh -c 'printf "%s\n" "$1" >"$2"' sh "run=$RUN nonce=$nonce" "$MARKER" && bounded cat "$MARKER"; then
    record marker ok "wrote the marker $MARKER, nonce $nonce" path "$MARKER" nonce "$nonce" mount "$mounts"
  else
    record marker error "cannot write the marker $MARKER: $errno" path "$MARKER" errno "$errno" detail "$out"
  fi
}

# Keep the mount until the window is over; a daemon that dies meanwhile is an observation.
inspect() {
  permissions_mount
  end=$(awk -v now="$(uptime_now)" -v hold="$INSPECT_SECONDS" 'BEGIN { print int(now + hold) }')
  record inspect info "leaving the mount for inspection, for $INSPECT_SECONDS s at most"
  alive=yes
  while [ "$(uptime_now | cut -d. -f1)" -lt "$end" ]; do
    pause 0.5
    if [ "$alive" = yes ] && ! kill -0 "$daemon" 2>/dev/null; then
      alive=no
      wait "$daemon"
      code=$?
      record daemon error "the FUSE daemon died with exit code $code" detail "$(cat "$words")" exit_code "$code"
    fi
  done
}

# give_up STEP TEXT WORDS [KEY VALUE]...
# The mount cannot be had. The words are the daemon's or the tool's own. The pod stays for inspection.
give_up() {
  failed=$1 text=$2 detail=$3
  shift 3
  record "$failed" error "$text: $detail" errno "$(errno_of "$detail")" detail "$detail" "$@"
  daemon_stop
  pause "$INSPECT_SECONDS"
  finish "the end of the inspection window"
}

# Leaves the node as it was: no mount, no daemon, no directory of ours in the bridge.
finish() {
  trap '' TERM INT
  record finish info "taking the mount away: $1"
  permissions_finish
  if [ -n "$(mounts_below "$MOUNT")" ]; then
    timeout -s KILL 1 umount "$MOUNT" 2>/dev/null || umount -l "$MOUNT" 2>"$words"
  fi
  daemon_stop
  left=$(mounts_below "$MOUNT")
  if [ -z "$left" ]; then
    rmdir "$MOUNT" 2>/dev/null
    record unmount ok "nothing is mounted below $BRIDGE any more"
  else
    record unmount error "still mounted: $left" mountinfo "$left" detail "$(cat "$words")"
  fi
  exit 0
}

daemon_stop() {
  [ -n "$daemon" ] || return 0
  kill -TERM "$daemon" 2>/dev/null
  waited=0
  while kill -0 "$daemon" 2>/dev/null && [ "$waited" -lt 10 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  kill -KILL "$daemon" 2>/dev/null
  wait "$daemon" 2>/dev/null
  daemon=
}

main
