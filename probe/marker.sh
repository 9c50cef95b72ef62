# shellcheck shell=sh
# shellcheck disable=SC2154 # what it reads is set by producer.sh and lib.sh
# The producer's marker: what proves to a consumer that it looks at this run's own FUSE file system. Sourced by producer.sh,
# never run.

# The marker goes in through the mount: it is never a file of the bridge itself. Where nothing can be written through it, the
# marker was there first: in what the driver has packed, or as a file of the daemon's own.
write_marker() {
  copy=${copy:-$(mktemp)}
  if [ -n "$MARKER_FILE" ]; then
    did=found
    await_marker
  elif [ "${DRIVER_READS_SOURCE_AT_START:-no}" = yes ]; then
    did=packed
    read_marker "$copy"
  else
    did=wrote
    put_marker "$MOUNT" && read_back
  fi
  if [ -z "$errno" ]; then
    nonce=${out##*nonce=}
    record marker ok "$did the marker $MARKER, nonce $nonce" path "$MARKER" nonce "$nonce" mount "$mounts"
  else
    record marker error "no marker at $MARKER: $errno" path "$MARKER" errno "$errno" detail "$out"
    [ "$errno" != ETIMEDOUT ] || slowly ls "$MOUNT"
  fi
}

# put_marker DIRECTORY
# Writes a marker with a nonce of its own, and the file that readers keep open.
put_marker() {
  nonce=$(cat /proc/sys/kernel/random/uuid)
  # Larger than any read-ahead: readers keep it open over the crash, and read on from it afterwards.
  bounded dd if=/dev/zero of="$1/held" bs=1048576 count=8 || record held error "cannot write $1/held: $errno" errno "$errno" detail "$out"
  # shellcheck disable=SC2016 # the inner shell expands its own arguments
  bounded sh -c 'printf "%s\n" "$1" >"$2"' sh "run=$RUN nonce=$nonce" "$1/marker"
}

# What a daemon did not answer in time once, it may answer the next time.
read_back() {
  until read_marker "$copy" || [ "$errno" != ETIMEDOUT ] || over "$before" "$MOUNT_SECONDS"; do
    sleep 0.2
  done
}

# A daemon may mount first, and fill its file system afterwards.
await_marker() {
  until read_marker "$copy" || over "$before" "$((MOUNT_SECONDS * slow / 100))"; do
    sleep 0.2
  done
}
