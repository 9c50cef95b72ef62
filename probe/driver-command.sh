# shellcheck shell=sh
# The user's own daemon, in the user's own image: the setting `command`, run by sh in the foreground. See driver-rclone.sh.
# In the command's environment: MOUNT, where it must mount; SOURCE, a writable directory that it may serve; ALLOW_OTHER (yes
# or no), whether it should let other users in.

driver_start() {
  MOUNT=$1 SOURCE=${2:-/tmp/source} ALLOW_OTHER=yes
  [ "${3:-allow}" = allow ] || ALLOW_OTHER=no
  export MOUNT SOURCE ALLOW_OTHER
  # The language is the daemon's own: file names hang on it.
  if [ -n "${GIVEN_LC_ALL:-}" ]; then LC_ALL=$GIVEN_LC_ALL; else unset LC_ALL; fi
  mkdir -p "$SOURCE"
  exec sh -c "$COMMAND"
}

# Not the command itself: it may hold a password, and this goes into the log.
driver_says() { echo "the setting command"; }
