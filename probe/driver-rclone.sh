# shellcheck shell=sh
# The rclone driver: a local directory of the container, served through FUSE.
# A driver defines driver_start MOUNT_POINT [SOURCE_DIRECTORY [allow|only]], which becomes the daemon, in the foreground, and
# driver_says, its version. `allow` (the default) mounts with allow_other, `only` without.

driver_start() {
  point=$1 source=${2:-/tmp/source} share=${3:-allow}
  mkdir -p "$source"
  # Nothing is cached: what a consumer reads is what the daemon answers now.
  set -- --dir-cache-time 0 --attr-timeout 0s --log-level NOTICE
  if [ "$share" = allow ]; then set -- "$@" --allow-other; fi
  # In the leaf layout the volume itself is mounted there: rclone would take that for a mount of its own.
  if awk -v point="$point" '$5 == point { found = 1 } END { exit !found }' /proc/self/mountinfo; then
    set -- "$@" --allow-non-empty
  fi
  RCLONE_CONFIG=/dev/null exec rclone mount "$source" "$point" "$@"
}

driver_says() { rclone version 2>&1 | head -n 1; }
