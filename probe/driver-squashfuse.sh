# shellcheck shell=sh
# The squashfuse driver: a read-only archive, as a daemon's that nobody can write through. See driver-rclone.sh.

# Nothing can be written through the mount: what it shall hold lies in the source directory before the daemon starts.
# shellcheck disable=SC2034 # producer.sh reads it
DRIVER_READS_SOURCE_AT_START=yes

driver_start() {
  mount_point=$1 source_dir=${2:-/tmp/source} others=${3:-allow}
  mkdir -p "$source_dir"
  # One thread: each more wants memory that the producer's limit does not have.
  mksquashfs "$source_dir" "$source_dir.squashfs" -noappend -no-progress -quiet -processors 1 || return
  # Nothing is cached: what a consumer reads is what the daemon answers now.
  set -- -o ro,attr_timeout=0,entry_timeout=0,negative_timeout=0
  [ "$others" = only ] || set -- "$@" -o allow_other
  exec squashfuse -f "$@" "$source_dir.squashfs" "$mount_point"
}

# It names its version only in its usage, which it prints as an error.
driver_says() { squashfuse --version 2>&1 | head -n 1; }
