#!/bin/sh
# Says what is left of the bridge on a node, and takes away what is the test's own, as far as that can lose nothing.
#   sweep.sh check    sees the bridge's parent directory at /host: names every mount at or below the bridge; removes the test's
#                     directories there, and the bridge, each only if it is empty and was made for the test
#   sweep.sh unmount  sees the bridge at /bridge with propagation Bidirectional: takes away the FUSE mounts at the test's own
#                     mount points that are dead, or carry a marker of this test
# Environment: NAME, the bridge's last path component; SCENARIOS, the directories below it that pairs of their own have; SINCE,
# when the test's namespace was made, in seconds since 1970, or empty where nobody knows; ONLY, where it is set, the one directory of
# a scenario whose mounts are taken away.
# Output: lines of "word rest", read by cluster/sweepNode.ts. Runs alone, without lib.sh.

HOST=${HOST:-/host}
NAME=${NAME:-}
BRIDGE=${BRIDGE:-/bridge}
MOUNTINFO=${MOUNTINFO:-/proc/self/mountinfo}
# As the producer writes it: see lib.sh.
STAMP=.fuse-propagation-test

# The test's own directories below the bridge, the deepest first. All but `permissions` and `source` are mount points.
own_directories() {
  if [ -n "${ONLY:-}" ]; then
    of_scenario "$ONLY"
    return
  fi
  # By name, as permissions.sh has them.
  for variant in user-conf-allow user-conf-only user-noconf-allow user-noconf-only root-only root-allow; do
    echo "permissions/$variant"
  done
  for scenario in ${SCENARIOS:-}; do of_scenario "$scenario"; done
  printf '%s\n' fuse permissions
}

# Those of samePod.sh too: at `window` is what a sidecar has bound there, the volume that it mounts in; `source` is what it serves.
of_scenario() {
  scenario=$1
  printf '%s\n' "$scenario/window/fuse" "$scenario/window" "$scenario/source" "$scenario/fuse"
  number=2
  # As many.sh has them.
  while [ "$number" -le 20 ]; do
    echo "$scenario/fuse-$number"
    number=$((number + 1))
  done
  echo "$scenario"
}

# mounts_below DIRECTORY: "kind type point" of each mount at it or below it; `mount` where a FUSE mount is at one of the test's
# own mount points, else `foreign`. What the bridge itself lies on is not below it; a FUSE mount over it is in its way.
mounts_below() {
  awk -v path="$1" -v own="$(own_directories | tr '\n' ' ')" '
    BEGIN { count = split(own, names, " "); for (i = 1; i <= count; i++) if (names[i] !~ /^permissions$|\/source$/) mine[path "/" names[i]] }
    $5 == path || index($5, path "/") == 1 {
      for (i = 7; $i != "-"; i++);
      fuse = $(i + 1) ~ /^fuse(blk)?([.].*)?$/
      volume = $5 ~ /\/window$/ && ($4 ~ /\/kubernetes[.]io~empty-dir\// || ($4 == "/" && $(i + 1) == "tmpfs"))
      if ($5 != path || fuse) print ((fuse || volume) && $5 in mine ? "mount" : "foreign"), $(i + 1), $5
    }' "$MOUNTINFO"
}

# Whether a sweep may remove a directory: sets `whose` to ours, theirs (it is older than the test) or unknown. What came before
# the sweep may have read or changed it: of its times the oldest counts.
whose_is() {
  whose=ours
  [ ! -e "$bridge/$STAMP" ] || return 0
  whose=unknown
  [ -n "${SINCE:-}" ] || return 0
  # Two clocks differ.
  whose=$(stat -c '%X %Y %Z' "$1" | awk -v since="$SINCE" '
    { for (i = 1; i <= 3; i++) if ($i < since - 60) old = 1 }
    END { print (NR && !old ? "ours" : "theirs") }')
}

# Removes the test's directories, each only if it is empty, and sets `kept` to those that are not.
tidy() {
  kept=
  # What a producer's pod leaves for those that follow it. No pod of the test is left by now.
  for file in "$bridge/$STAMP.log" "$bridge/$STAMP.turns"; do
    [ -d "$file" ] || rm -f "$file"
  done
  for scenario in ${SCENARIOS:-}; do tidy_store "$bridge/$scenario"; done
  for name in $(own_directories); do
    [ -d "$bridge/$name" ] || continue
    whose_is "$bridge/$name"
    [ "$whose" != ours ] || rmdir "$bridge/$name" 2>/dev/null || kept="$kept $name"
  done
}

# What samePod.sh leaves for a pod that may follow.
tidy_store() {
  [ -d "$1/source" ] || [ -f "$1/$STAMP.log" ] || return 0
  whose_is "$1"
  [ "$whose" = ours ] || return 0
  rm -f "$1/$STAMP.log" "$1/source/sentinel" "$1/source/marker" "$1/source/held" "$1/source.squashfs" 2>/dev/null
}

remove_bridge() {
  whose_is "$bridge"
  if [ "$whose" = unknown ]; then
    echo "directory kept (nothing tells whether this test made it; if it did, remove it on the node)"
  elif [ "$whose" = theirs ]; then
    if [ -n "$kept" ]; then echo "directory kept (not empty):$kept"; else echo "directory stays, since it was there before the test"; fi
  else
    # The stamp goes last: whoever looks again must know.
    others=$(find "$bridge" -mindepth 1 -maxdepth 2 ! -name "$STAMP" 2>&1 | head -n 5 | sed "s#^$bridge/##" | tr '\n' ' ')
    if [ -n "$others" ]; then
      echo "directory kept (not empty): $others"
    elif words=$({ rm -f "$bridge/$STAMP" && rmdir "$bridge"; } 2>&1); then
      echo "directory removed"
    else
      echo "directory kept ($words)"
    fi
  fi
}

# Sets `state` of the topmost mount at a point to dead, ours or foreign, and `words` to why it is foreign.
state_of() {
  state=foreign
  source=$(awk -v path="$1" '$5 == path { line = $0 } END { sub(/^.* - /, "", line); print line }' "$MOUNTINFO")
  if [ -n "$(awk -v path="$1" 'index($5, path "/") == 1' "$MOUNTINFO")" ]; then
    words="another mount lies below it"
    return
  fi
  # The volume of a pod: see mounts_below. Nothing is lost with it.
  case $1 in
    */window)
      state=ours
      return
      ;;
  esac
  ask "$1/marker"
  case $words in
    *'Transport endpoint is not connected' | *'Socket not connected' | *'onnection abort'*) state=dead ;;
    "run="*" nonce="* | "run="*" variant="*) state=ours ;;
    # A mount of another user without allow_other, where not even root may look: its source is permissions.sh's.
    *'Permission denied') case $source in *"/${1##*/}/source "* | *"/${1##*/}/source.squashfs "*) state=ours ;; esac ;;
  esac
  words="it lives, and carries no marker of this test: $words"
}

# ask FILE: sets `words` to what it says. Of a daemon that does not answer nobody waits for more than two seconds.
ask() {
  answer=$(mktemp)
  cat "$1" >"$answer" 2>&1 &
  asked=$! tries=0
  while kill -0 "$asked" 2>/dev/null && [ "$tries" -lt 20 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$asked" 2>/dev/null
  words=$(head -c 300 "$answer")
  rm -f "$answer"
}

# Takes away what lies on top of each of the test's own mount points, until that is somebody else's or cannot be taken.
unmount_own() {
  mounts_below "$BRIDGE" | awk '$1 == "mount" { print $3 }' | sort -ru | while read -r point; do
    tries=0
    while mounts_below "$BRIDGE" | grep -q "^mount [^ ]* $point\$" && [ "$tries" -lt 16 ]; do
      tries=$((tries + 1))
      state_of "$point"
      if [ "$state" = foreign ]; then
        echo "foreign $point: $words"
        break
      fi
      if words=$(umount -l "$point" 2>&1); then echo "unmounted $point"; else echo "stuck $point: $words" && break; fi
    done
  done
}

case $1 in
  check)
    bridge=$HOST/$NAME
    found=$(mounts_below "$bridge")
    # As people write it: the kernel writes a space as \040.
    [ -z "$found" ] || printf '%s\n' "$found" | sed "s# $HOST/# #; "'s#\\040# #g; s#\\134#\\#g'
    case $found in
      mount* | *"
mount "*) ;;
      "")
        if [ -d "$bridge" ]; then
          tidy
          remove_bridge
        else
          echo "directory absent"
        fi
        ;;
      *) tidy ;;
    esac
    ;;
  unmount) unmount_own ;;
esac
