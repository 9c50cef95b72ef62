# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153,SC2154 # aged_at is for lib.sh; what it reads is set by lib.sh and by the scripts that source this
# Many mounts below one bridge: the producer mounts more file systems beside its own, each with a daemon of its own, and everyone says
# how many there are in its mount table. Sourced after lib.sh, never run.
#
# Environment: MOUNTS, how many there are to be, the one at the mount point included.

MOUNTS=${MOUNTS:-1}

# Where the others are: see sweep.sh, too.
many_points() {
  number=2
  while [ "$number" -le "$MOUNTS" ]; do
    echo "$MOUNT-$number"
    number=$((number + 1))
  done
}

# How many of all are in the mount table, in one look at its text.
many_seen() {
  awk -v path="$MOUNT" '$5 == path || index($5, path "-") == 1 {
    for (i = 7; i < NF && $i != "-"; i++);
    if ($(i + 1) ~ /^fuse(blk)?([.].*)?$/) points[$5]
  } END { for (point in points) count++; print count + 0 }' "$MOUNTINFO"
}

# ---- the producer's side ----

many_mount() {
  [ "$MOUNTS" -gt 1 ] || return 0
  seen=$(many_seen)
  record many info "$seen of $MOUNTS file systems is mounted" seen "$seen" asked "$MOUNTS" table "$(table_size)"
  many_work=$(mktemp -d) many_daemons='' many_made='' many_starting=yes
  for point in $(many_points); do many_start "$point"; done
  # All start together, and a busy node needs longer.
  ticks
  aged=0 aged_at=$ticks
  while seen=$(many_seen) && [ "$seen" -lt "$MOUNTS" ] && [ "$aged" -lt $((MOUNT_SECONDS * 200)) ]; do
    pause 0.1
    gauge
    age
  done
  many_starting=''
  if [ "$seen" = "$MOUNTS" ]; then
    record many ok "all $MOUNTS file systems are mounted" seen "$seen" asked "$MOUNTS" table "$(table_size)"
  else
    record many error "only $seen of $MOUNTS file systems are mounted" seen "$seen" asked "$MOUNTS" table "$(table_size)" detail "$(cat "$many_work"/*/words | tail -n 5)"
  fi
}

many_start() {
  clear_stale "$1"
  own=$many_work/${1##*/}
  [ -d "$1" ] || many_made="$many_made $1"
  mkdir -p "$1" "$own/source" && echo "run=$RUN nonce=${1##*-}" >"$own/source/marker" || return 0
  (driver_start "$1" "$own/source") >"$own/words" 2>&1 &
  many_daemons="$many_daemons $!"
}

many_finish() {
  [ -n "${many_work:-}" ] || return 0
  for started in $many_daemons; do
    # shellcheck disable=SC2046 # one word a process
    kill -KILL $(family "$started") 2>/dev/null
  done
  # A mount helper that is under way outlives its daemon, and mounts in the end.
  [ -z "$many_starting" ] || sleep 0.3
  for point in $(many_points); do
    tries=0
    while [ -n "$(fuse_at "$point")" ] && [ "$tries" -lt 8 ] && umount -l "$point" 2>/dev/null; do tries=$((tries + 1)); done
  done
  for point in $many_made; do rmdir "$point" 2>/dev/null; done
  rm -rf "$many_work"
}

many_left() { for point in $(many_points); do fuse_at "$point"; done; }

# ---- the readers' side, and the control's ----

# Each time that there are more or fewer; once there are all, whether each can be read.
many_look() {
  [ "$MOUNTS" -gt 1 ] && seen=$(many_seen) && [ "$seen" != "${many_told:-}" ] || return 0
  many_told=$seen readable=0 unread=''
  if [ "$seen" -lt "$MOUNTS" ]; then
    record many info "$seen of $MOUNTS file systems are here" seen "$seen" asked "$MOUNTS" table "$(table_size)"
    return
  fi
  for point in "$MOUNT" $(many_points); do
    if bounded cat "$point/marker"; then readable=$((readable + 1)); else unread=$out; fi
  done
  if [ "$readable" = "$MOUNTS" ]; then
    record many ok "all $MOUNTS file systems are here, and can be read" seen "$seen" asked "$MOUNTS" table "$(table_size)" readable "$readable"
  else
    record many error "all $MOUNTS file systems are here, and only $readable can be read: $unread" seen "$seen" asked "$MOUNTS" table "$(table_size)" readable "$readable" detail "$unread"
  fi
}
