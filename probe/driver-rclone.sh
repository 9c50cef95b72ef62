# shellcheck shell=sh
# The rclone driver: a local directory of the container, served through FUSE.
# A driver defines driver_start MOUNT_POINT, which runs the daemon in the foreground, and driver_says, its version.

driver_start() {
  mkdir -p /tmp/source
  # Nothing is cached: what a consumer reads is what the daemon answers now.
  RCLONE_CONFIG=/dev/null exec rclone mount /tmp/source "$1" --allow-other --dir-cache-time 0 --attr-timeout 0s --log-level NOTICE
}

driver_says() { rclone version 2>&1 | head -n 1; }
