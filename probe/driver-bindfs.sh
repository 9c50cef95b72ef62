# shellcheck shell=sh
# The bindfs driver: a local directory of the container, served through FUSE as it is. See driver-rclone.sh.

driver_start() {
  mount_point=$1 source_dir=${2:-/tmp/source} others=${3:-allow}
  mkdir -p "$source_dir"
  # Nothing is cached: what a consumer reads is what the daemon answers now.
  set -- -o attr_timeout=0,entry_timeout=0,negative_timeout=0
  # Where root mounts, bindfs lets others in by default.
  if [ "$others" = only ]; then set -- "$@" --no-allow-other; else set -- "$@" -o allow_other; fi
  exec bindfs -f "$@" "$source_dir" "$mount_point"
}

driver_says() { bindfs --version 2>&1 | head -n 1; }
