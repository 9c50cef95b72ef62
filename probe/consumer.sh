#!/bin/sh
# The consumer: says what it sees of the producer's mount. ROLE tells which container this is:
#   control  a negative control, whose volume has propagation None: it must NOT see the mount
#   others   readers, whose volume has propagation HostToContainer; with PERMISSIONS=only one that tries the permission matrix,
#            and does nothing else (see permissions.sh)
#
# Environment: RUN, NODE, ROLE, MARKER_WAIT_SECONDS, WATCH_SECONDS, PROBE_SECONDS, INSPECT_SECONDS, and MARKER_FILE where it
# is set (see core/settings/settings.ts);
# and for a scenario
#   RESTART     yes: a reader that has read ends itself once, as a liveness probe would end it: at its first failed read, or after
#               RESTART_SECONDS without a good one
#   AFTERWARDS  inspect: ends with its verdict as exit code; end: ends with 0, or a pod that restarts would never end
#   FINDINGS    a directory that the containers of the pod share, and that outlives them
#   MOUNTS      how many file systems the producer mounts: see many.sh
# and for the base pair PERMISSIONS (see permissions.sh).

here=${0%/*}
# shellcheck source=probe/lib.sh
. "$here/lib.sh"
# shellcheck source=probe/tools.sh
. "$here/tools.sh"
# shellcheck source=probe/platform.sh
. "$here/platform.sh"
# shellcheck source=probe/many.sh
. "$here/many.sh"
# shellcheck source=probe/permissions.sh
. "$here/permissions.sh"
: "${RESTART:=no}" "${RESTART_SECONDS:=0}" "${AFTERWARDS:=inspect}"

main() {
  trap 'leave "asked to end"' TERM INT
  require_tools mv rm sed
  code=1
  # The control decides nothing: after a SUCCESS its pod has succeeded.
  [ "$ROLE" != control ] || code=0
  state='' verdict='' waiting='' held=no first_nonce='' read_aged=
  started=$(uptime_now) born='' life=1
  # The control and the producer's schedule do not start again with us: the window is one for both lives.
  if [ -r "$FINDINGS/restarted-$ROLE" ]; then read -r born <"$FINDINGS/restarted-$ROLE" && life=2; fi
  : "${born:=$started}"
  ticks
  aged=$(($(since "$born") * 100)) aged_at=$ticks
  aged_at_start=$aged
  # Of an earlier life: this one is ready only after its own SUCCESS.
  rm -f "$FINDINGS/success-$ROLE"
  log_identity
  bridge_mount=$(volume_mount)
  fuse_at_start=no
  if is_fuse "$(type_of_mount "$(topmost_at "$MOUNT")")"; then fuse_at_start=yes; fi
  record start info "bridge is $(peers_of_mount "$bridge_mount"); a FUSE mount is there already: $fuse_at_start" \
    propagation "$(peers_of_mount "$bridge_mount")" fuse_at_start "$fuse_at_start" life "$life" mountinfo "$bridge_mount"
  # It starts where every other container is refused.
  [ "$ROLE" != control ] || log_platform
  [ "$PERMISSIONS" != only ] || permissions_only
  while is_window_open; do
    look
    age
    case $ROLE in
      control) report_control ;;
      *)
        # What a container was born with may be a copy of the mount, and no propagation.
        [ -n "$first_nonce" ] || first_nonce=$(nonce_of "$content")
        : "${first_nonce:=none}"
        [ -n "$verdict" ] || decide
        restart_once
        ;;
    esac
    permissions_look
    many_look
    # Finely while the producer's schedule runs, at leisure afterwards. A scenario's pair is one of many on its node.
    if [ "$aged" -ge $((WATCH_SECONDS * 100)) ]; then
      pause 1
    elif [ "$AFTERWARDS" = end ]; then
      pause 0.25
    else
      pause 0.1
    fi
  done
  leave "the inspection window is over"
}

leave() {
  pause_over
  record finish info "$1"
  [ "$AFTERWARDS" != end ] || exit 0
  exit "$code"
}

# Whether seconds of the window are left: of the schedule, as the producer counts them too, or of the operator's own inspection.
is_window_open() {
  case $AFTERWARDS in
    end) [ $((aged / 100)) -lt "$INSPECT_SECONDS" ] ;;
    *) ! over "$born" "$INSPECT_SECONDS" ;;
  esac
}

# Whole seconds since an uptime.
since() {
  up=$(uptime_now)
  echo "$((${up%.*} - ${1%.*}))"
}

restart_once() {
  [ -n "$read_errno" ] || read_aged=$aged
  [ "$RESTART" = yes ] && [ "$life" = 1 ] && [ "$verdict" != error ] && [ -n "$read_errno" ] && [ -n "$read_aged" ] || return 0
  [ $((aged - read_aged)) -ge $((RESTART_SECONDS * 100)) ] || return 0
  # Without the file the next life would end itself too, and so would every other.
  (printf '%s\n' "$born" >"$FINDINGS/restarted-$ROLE") 2>/dev/null || return 0
  record restart info "the reader ends, as a liveness probe would end it" errno "$read_errno"
  exit 1
}

# One look at the marker. Sets content, errno, fstype, device and bridge_device; logs what changed.
look() {
  ticks
  content='' device='' looked=$up
  if read_marker "$FINDINGS/marker-$ROLE"; then content=$out; fi
  read_errno=$errno read_out=$out
  look_at_mount
  if [ -n "$content" ]; then
    # Between the two the daemon may have died, or hung: then this look has failed.
    if bounded stat -c %d "$MARKER"; then device=$out; else content='' read_errno=$errno read_out=$out; fi
  fi
  gauge
  bridge_device=$out
  new="$read_errno|$content|$fstype|$device"
  if [ "$new" = "$state" ]; then
    still
    return
  fi
  ticks
  state=$new seen_at=$looked seen_until=$up told_at=$up
  if [ -z "$read_errno" ]; then
    record read ok "read the marker on $fstype (device $device, bridge $bridge_device): $content" path "$MARKER" looked "$looked" fstype "$fstype" \
      propagation "$(peers_of_mount "$marker_mount")" device "$device" bridge_device "$bridge_device" \
      nonce "$(nonce_of "$content")" marker_run "$(run_of "$content")" mountinfo "$marker_mount" table "$(table_size)"
  else
    record read error "cannot read the marker: $read_errno ($read_out)" path "$MARKER" looked "$looked" fstype "$fstype" errno "$read_errno" \
      detail "$read_out" propagation "$(peers_of_mount "$marker_mount")" mountinfo "$marker_mount" mounts "$(mounts_at "$MOUNT")"
  fi
  [ "$read_errno" != ETIMEDOUT ] || slowly dd if="$MARKER" of=/dev/null bs=4096 count=16
  # Of a daemon that does not answer this would tell nothing new, and whoever is ended while he reads waits in his close.
  if [ "$held" = yes ] && [ "$read_errno" != ETIMEDOUT ]; then echo read >&4; fi
}

# The mount at the mount point itself, or the file system that it lies in. A bridge may be on FUSE, too: that is none of the daemon's.
look_at_mount() {
  marker_mount=$(topmost_at "$MOUNT")
  type_in "$marker_mount"
  fstype=$type
  [ -z "$marker_mount" ] || return 0
  marker_mount=$(mount_of "$MARKER")
  type_in "$marker_mount"
  fstype=$type
  if is_fuse "$fstype"; then fstype="the bridge's $fstype" marker_mount=''; fi
}

# After a SUCCESS a failure that lasts is recorded: each second while the producer's schedule may run, and afterwards, where the producer
# may be replaced, each five. A reader that looks and does not come back differs by that from one that was never asked.
still() {
  [ -n "$read_errno" ] && { [ "$verdict" = success ] || [ "$life" = 2 ]; } || return 0
  if [ "$aged" -lt $((WATCH_SECONDS * 100)) ]; then each=1; else each=5; fi
  over "$told_at" "$each" || return 0
  told_at=$(uptime_now)
  record look error "still cannot read the marker: $read_errno" errno "$read_errno" looked "$looked" mountinfo "$marker_mount"
}

# They are asked at every look: so by the shell itself.
nonce_of() {
  case $1 in
    *nonce=*)
      rest=${1##*nonce=}
      printf '%s' "${rest%%[!0-9a-f-]*}"
      ;;
  esac
}
run_of() {
  case $1 in
    "run="*" "*)
      rest=${1#run=}
      printf '%s' "${rest%% *}"
      ;;
  esac
}

# The control tells the readers of its own pod, through a directory that only they share, which nonce it reads and which
# it read at its first look. A copy of an older mount that it was born with is no sighting: it holds another nonce.
# Its log comes first: were it killed in between, a SUCCESS would rest on a look that no log has.
report_control() {
  theirs=$(nonce_of "$content")
  : "${theirs:=none}"
  # Born with the mount it may be, and its marker come only afterwards.
  [ "$first_nonce" != none ] || [ "$fuse_at_start" = no ] || first_nonce=''
  : "${first_nonce:=$theirs}"
  [ "$theirs" = "${known:-}" ] || log_control
  printf '%s %s %s\n' "$looked" "$theirs" "$first_nonce" >"$FINDINGS/control.new" && mv "$FINDINGS/control.new" "$FINDINGS/control"
}

log_control() {
  known=$theirs
  if [ "$known" = none ]; then
    record control ok "the negative control does not see the marker" mountinfo "$bridge_mount"
  elif [ "$first_nonce" = "$known" ]; then
    record control info "the negative control was created after this mount: what it sees is a copy, and proves nothing" nonce "$known" kind late mountinfo "$bridge_mount"
  else
    record control error "the negative control sees the marker: it is not propagation that shows it" nonce "$known" kind seen mountinfo "$marker_mount"
  fi
}

# A marker counts only with every proof: on FUSE, on another device than the bridge, of this run, unseen by the control.
decide() {
  if [ -n "$content" ]; then
    if ! is_fuse "$fstype"; then
      doubt "it is on $fstype, not on FUSE" hollow
    elif [ -z "$device" ] || [ "$device" = "$bridge_device" ]; then
      doubt "it is on the bridge's own device $bridge_device" hollow
    elif [ "$(run_of "$content")" != "$RUN" ]; then
      doubt "it is of run $(run_of "$content"), and this is run $RUN" hollow
    elif [ "$fuse_at_start" = yes ] && [ "$(nonce_of "$content")" = "$first_nonce" ]; then
      doubt "this container was created after the mount: what it sees may be a copy" reader-late
    else
      ask_control
      case $control in
        unseen)
          verdict=success code=0
          rfc3339 "$seen_at"
          record verdict ok "=SUCCESS: Producer marker found at $time" nonce "$(nonce_of "$content")" \
            seen_uptime "$seen_at" seen_until "$seen_until" control_uptime "$control_at"
          : >"$FINDINGS/success-$ROLE"
          hold_file
          return
          ;;
        late) doubt "the negative control was created after the mount" control-late ;;
        seen) doubt "the negative control sees it too" hollow ;;
        silent) waiting="the negative control has not answered yet" ;;
      esac
    fi
  fi
  if [ $((aged - aged_at_start)) -ge $((MARKER_WAIT_SECONDS * 100)) ]; then
    verdict=error
    record verdict error "=ERROR: Producer marker never appeared after $MARKER_WAIT_SECONDS seconds!" doubt "$waiting"
  fi
}

# A file that stays open over what happens to the mount: does it ever work again?
# A process of its own holds it, and reads it when asked to. Every close of such a file asks the daemon, so every child of a
# shell that holds it would hang as it ends while the daemon hangs.
hold_file() {
  orders=$FINDINGS/held-$ROLE
  rm -f "$orders"
  bounded stat "$HELD" && bounded mkfifo "$orders" && exec 4<>"$orders" || return 0
  # Ends with this shell, which alone has the other end open. Two who ask at the same time need a pipe each.
  {
    # Not as a redirection of the whole, and no shell in a shell: mksh and yash would keep it open beside this one.
    exec 4>&-
    answers=
    while read -r _; do read_held; done
  } <"$orders" 3<"$HELD" &
  held=yes
  echo read >&4
}

# Reads on for a mebibyte from where the last read ended, so that the answer is the daemon's and not the page cache's.
read_held() {
  if bounded dd bs=262144 count=4 of=/dev/null <&3; then
    # At its end a file is answered by the kernel alone: that proves nothing.
    case $out in "0+0 records in"*) return ;; esac
    record held ok "the file opened at the first success still reads"
  else
    record held error "the file opened at the first success does not read: $errno ($out)" errno "$errno" detail "$out"
  fi
}

# doubt TEXT KIND: a marker is visible, but does not count.
doubt() {
  [ "$waiting" = "$1" ] && return
  waiting=$1
  record doubt error "a marker is visible but does not count: $1" kind "$2" fstype "$fstype" mountinfo "$marker_mount"
}

# The control's answer counts only if it began to look when we had seen the marker: one mount reaches all volumes in the same moment.
ask_control() {
  control=silent answer=''
  [ -r "$FINDINGS/control" ] && read -r answer <"$FINDINGS/control"
  # shellcheck disable=SC2086 # three words: when it looked, the nonce it saw, the nonce it saw first
  set -- $answer
  [ $# -eq 3 ] || return
  awk -v theirs="$1" -v ours="$seen_until" 'BEGIN { exit !(theirs > ours) }' || return
  nonce=$(nonce_of "$content")
  control=unseen control_at=$1
  if [ "$2" = "$nonce" ]; then control=seen; fi
  if [ "$2" = "$nonce" ] && [ "$3" = "$nonce" ]; then control=late; fi
}

main
