# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what it sets, and what it reads is set by producer.sh and lib.sh
# What the producer does to its own mount and daemon, so that consumers can be watched meanwhile. Sourced by it, never run.
#
#   FAULT  crash  the daemon is killed
#          hang   the daemon is stopped: it lives, and does not answer
#          die    the daemon is killed and this container ends with it; its next life goes on with the schedule
#          oom    the same, by the kernel: this container takes more memory than its limit, MEMORY_MIB

# Where the volume is at the mount point, this tears down the kubelet's bind mount, and the peer group with it.
unmount_at_start() {
  [ "$UNMOUNT_AT_START" = yes ] || return 0
  if bounded umount "$MOUNT"; then
    # In the leaf layout that was the volume.
    volume_id=''
    record unmount-at-start ok "unmounted $MOUNT before the first mount, as some daemons do"
  else
    record unmount-at-start error "nothing to unmount at $MOUNT before the first mount: $out" errno "$errno" detail "$out"
  fi
  make_mount_point
}

# The daemon dies as when the kernel is out of memory, without a chance to unmount, or stops to answer. Fails where it goes on
# all the same: then the readers cannot be asked what they make of its end.
crash() {
  if ! kill -0 "$daemon" 2>/dev/null; then
    daemon_died
    return 0
  fi
  # Without the file the next life would die again, and so would every other.
  dies=no
  case $FAULT in
    die | oom)
      if (: >"$FINDINGS/died") 2>"$words"; then dies=yes; else record died error "cannot write $FINDINGS/died: the container stays" detail "$(cat "$words")"; fi
      ;;
  esac
  begun=$(uptime_now)
  if [ "$FAULT" = oom ]; then
    out="the container may not die"
    [ "$dies" = no ] || exhaust_memory
    rm -f "$FINDINGS/died"
    record crash error "the container, and the FUSE daemon in it, go on: $out" fault "$FAULT" at "$begun" detail "$out" mountinfo "$(fuse_at "$MOUNT")"
    return 1
  fi
  strike
  if ! await_death; then
    [ "$dies" = no ] || rm -f "$FINDINGS/died"
    record crash error "the FUSE daemon goes on after $did: $out" fault "$FAULT" at "$struck" detail "$out" mountinfo "$(fuse_at "$MOUNT")"
    return 1
  fi
  case $FAULT-$dies in
    hang-*) said="its mount stays, and does not answer" ;;
    *-yes) said="and this container with it; its mount stays, dead" ;;
    *) said="its mount stays, dead" ;;
  esac
  [ "$death" != GONE ] || said="its mount is gone with it"
  record crash ok "the FUSE daemon has got $did; $said" fault "$FAULT" at "$struck" errno "$death" mountinfo "$(fuse_at "$MOUNT")"
  [ "$dies" = no ] || exit 137
}

# Takes memory beyond the container's limit, as the first whom the kernel would kill: with this script the container ends. It notes
# again and again when it was still alive. Comes back, with the reason in `out`, where nobody has killed it: then nobody keeps the
# limit, and the node is to keep the rest of its memory.
exhaust_memory() {
  if ! [ "${MEMORY_MIB:-0}" -gt 0 ] || [ "$MEMORY_MIB" -gt 1024 ]; then
    out="a memory limit of ${MEMORY_MIB:-unknown} MiB is too much to take from a node for a test (1024 at most)"
    return
  fi
  record died info "taking more than the $MEMORY_MIB MiB of memory that this container may have, until the kernel ends it"
  # By this shell itself, as is the loop: a child's end would be no end of the container.
  { echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null
  piece=$(printf '%4194304s' '') taken=0
  while [ "$taken" -le $((MEMORY_MIB * 2)) ]; do
    read -r up _ </proc/uptime
    printf '%s\n' "$up" >>"$FINDINGS/died"
    eval "taken_$taken=\$piece"
    taken=$((taken + 4))
  done
  out="nobody has ended it, although it took $taken MiB of memory, and its limit is $MEMORY_MIB MiB"
}

# What was killed for its memory could not tell of it: its next life does, with the dead mount before its eyes.
tell_death() {
  [ "$FAULT" = oom ] && [ -s "$FINDINGS/died" ] || return 0
  struck=$(tail -n 1 "$FINDINGS/died")
  if is_dead; then
    record crash ok "this container has died for its memory, and the FUSE daemon with it; its mount stays, dead: $death" fault "$FAULT" at "$struck" errno "$death" mountinfo "$(fuse_at "$MOUNT")"
  else
    record crash error "this container has died for its memory, and its mount is not dead: $out" fault "$FAULT" at "$struck" detail "$out" mountinfo "$(fuse_at "$MOUNT")"
  fi
}

# strike [PROCESS]...: the fault's signal, for the daemon's own family or for these. Sets `struck`: the last one counts.
strike() {
  struck=$(uptime_now)
  if [ "$FAULT" = hang ]; then
    did=SIGSTOP
    # Before the signal: however this script ends now, it must let everyone go who waits for the daemon.
    hung=yes
    # shellcheck disable=SC2046 # one word a process
    if [ $# -gt 0 ]; then kill -STOP "$@"; else kill -STOP $(family "$daemon"); fi
  else
    did=SIGKILL
    if [ $# -gt 0 ]; then kill -KILL "$@"; else daemon_kill; fi
  fi
}

# Waits until the mount itself shows that nobody serves it any more: what was struck need not have been the daemon, which may have
# left its family (setsid). Whoever holds the FUSE device is struck then. Sets `death`.
await_death() {
  until is_dead; do
    ! over "$begun" 5 || return 1
    # shellcheck disable=SC2086 # one word a process
    if over "$begun" 1 && holders=$(fuse_holders) && [ -n "$holders" ]; then strike $holders; fi
    sleep 0.05
  done
}

# The number of free blocks is the one answer that no kernel keeps: the daemon itself must give it.
is_dead() {
  death=GONE
  if [ -n "$(fuse_at "$MOUNT")" ]; then
    if bounded stat -f "$MOUNT"; then out="the mount still answers"; fi
    death=$errno
  fi
  case $FAULT-$death in
    hang-ETIMEDOUT) ;;
    hang-*) return 1 ;;
    *-ENOTCONN | *-ECONNABORTED | *-GONE) ;;
    *) return 1 ;;
  esac
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
