# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what it sets, and what it reads is set by producer.sh and lib.sh
# What the producer does to its own mount and daemon, so that consumers can be watched meanwhile: see FAULT in producer.sh.
# Sourced by it, never run.

# Where the volume is at the mount point, this tears down the kubelet's bind mount, and the peer group with it.
unmount_at_start() {
  [ "$UNMOUNT_AT_START" = yes ] || return 0
  if bounded umount "$MOUNT"; then
    record unmount-at-start ok "unmounted $MOUNT before the first mount, as some daemons do"
  else
    record unmount-at-start error "nothing to unmount at $MOUNT before the first mount: $out" errno "$errno" detail "$out"
  fi
  make_mount_point
}

# The daemon dies as when the kernel is out of memory, without a chance to unmount, or stops to answer.
crash() {
  if ! kill -0 "$daemon" 2>/dev/null; then
    daemon_died
    return
  fi
  if [ "$FAULT" = hang ]; then
    # Before the signal: whatever ends this script now must let everyone go who waits for the daemon.
    hung=yes
    # shellcheck disable=SC2046 # one word a process
    kill -STOP $(family "$daemon")
    record crash ok "stopped the FUSE daemon with SIGSTOP; its mount stays, and does not answer" fault hang mountinfo "$(mount_of "$MOUNT")"
    return
  fi
  # Without the file the next life would die again, and so would every other.
  dies=no
  if [ "$FAULT" = die ]; then
    if (: >"$FINDINGS/died") 2>"$words"; then dies=yes; else record died error "cannot write $FINDINGS/died: the container stays" detail "$(cat "$words")"; fi
  fi
  daemon_kill
  if [ "$dies" = yes ]; then
    record crash ok "killed the FUSE daemon with SIGKILL, and this container with it; its mount stays, dead" fault die mountinfo "$(mount_of "$MOUNT")"
    exit 137
  fi
  record crash ok "killed the FUSE daemon with SIGKILL; its mount stays, dead" fault crash mountinfo "$(mount_of "$MOUNT")"
}

# A daemon that ended by itself is no fault of the schedule: its exit code tells why.
daemon_died() {
  wait "$daemon"
  code=$?
  daemon=
  record daemon error "the FUSE daemon died with exit code $code" detail "$(cat "$words")" exit_code "$code"
}

# Ends a hung daemon, and before that the wait of everyone who asked it something: a process that is killed while it waits
# for the answer to a close is in state D until then.
let_go() {
  hung=no
  abort_connection
  daemon_kill
}

# fusectl names a connection by the device number of its mount, as the kernel holds it. A container has no fusectl as a rule.
abort_connection() {
  connection=$(fuse_below "$MOUNT" | tail -n 1 | awk '{ split($3, device, ":"); print device[1] * 1048576 + device[2] }')
  connections=/sys/fs/fuse/connections own='' errno=''
  if [ ! -e "$connections/$connection/abort" ]; then
    connections=$(mktemp -d) own=$connections
    bounded mount -t fusectl fusectl "$connections" || :
  fi
  # shellcheck disable=SC2016 # the inner shell expands its own arguments
  if [ -z "$errno" ] && bounded sh -c 'echo 1 >"$1"' sh "$connections/$connection/abort"; then
    record abort ok "aborted the FUSE connection $connection: who waited for the daemon gets an error" connection "$connection"
  else
    record abort error "cannot abort the FUSE connection $connection: $out" connection "$connection" errno "$errno" detail "$out"
  fi
  if [ -n "$own" ]; then
    bounded umount "$own"
    rmdir "$own"
  fi
}
