#!/bin/sh
# Says what is left of the bridge on a node, and takes it away as far as that can lose nothing.
#   sweep.sh check    sees the bridge's parent directory at /host: names every mount at or below the bridge; where there is
#                     none, removes the mount points and the bridge, each only if it is empty
#   sweep.sh unmount  sees the bridge at /bridge with propagation Bidirectional: takes away every mount below it
# Environment: NAME, the bridge's last path component; SCENARIOS, the directories below it that pairs of their own have.
# Output: lines of "word rest", read by cli/sweep.ts.

mounts_at_or_below() {
  awk -v path="$1" -v self="$2" '($5 == path && self == "with") || index($5, path "/") == 1 {
    for (i = 7; $i != "-"; i++);
    print $(i + 1), $5
  }' /proc/self/mountinfo
}

case $1 in
  check)
    bridge=/host/$NAME
    found=$(mounts_at_or_below "$bridge" with)
    if [ -n "$found" ]; then
      printf '%s\n' "$found" | sed "s#^#mount #; s# /host/# #"
    elif [ ! -d "$bridge" ]; then
      echo "directory absent"
    else
      rmdir "$bridge/fuse" 2>/dev/null
      for scenario in ${SCENARIOS:-}; do
        rmdir "$bridge/$scenario/fuse" "$bridge/$scenario" 2>/dev/null
      done
      # By name, as permissions.sh made them: this script is run alone.
      for variant in user-conf-allow user-conf-only user-noconf-allow user-noconf-only root-only root-allow; do
        rmdir "$bridge/permissions/$variant" 2>/dev/null
      done
      rmdir "$bridge/permissions" 2>/dev/null
      if words=$(rmdir "$bridge" 2>&1); then
        echo "directory removed"
      else
        echo "directory kept ($words): $(cd "$bridge" && find . -mindepth 1 -maxdepth 2 2>/dev/null | head -n 5 | tr '\n' ' ')"
      fi
    fi
    ;;
  unmount)
    tries=0
    while point=$(mounts_at_or_below /bridge without | awk 'END { print $2 }') && [ -n "$point" ] && [ "$tries" -lt 32 ]; do
      tries=$((tries + 1))
      if words=$(umount -l "$point" 2>&1); then echo "unmounted $point"; else echo "stuck $point: $words"; fi
    done
    ;;
esac
