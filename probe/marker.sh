# shellcheck shell=sh
# shellcheck disable=SC2154 # what it reads is set by producer.sh and lib.sh
# The producer's marker: what proves to a consumer that it looks at this run's own FUSE file system. Sourced by producer.sh,
# never run.

# The marker goes in through the mount: it is never a file of the bridge itself. Where nothing can be written through it, the
# marker was there first: in what the driver has packed, or as a file of the daemon's own.
write_marker() {
  # `absent` tells until when nobody can have read it: what is not written now may be there with the mount.
  copy=${copy:-$(mktemp)} did=''
  if ! leaves_bridge "$MOUNT"; then
    :
  elif [ -n "$MARKER_FILE" ]; then
    did=found
    await_marker
  elif [ "${DRIVER_READS_SOURCE_AT_START:-no}" = yes ]; then
    did=packed
    read_marker "$copy"
  else
    did=wrote absent=$(uptime_now)
    put_marker "$MOUNT" && read_back
  fi
  nonce=${out##*nonce=}
  if [ -z "$errno" ] && leaves_bridge "$MARKER"; then
    record marker ok "$did the marker $MARKER, nonce $nonce" path "$MARKER" nonce "$nonce" absent_until "$absent" mount "$mounts" \
      device "$out" bridge_device "$plain_device"
  else
    record marker error "no marker at $MARKER: $errno" path "$MARKER" errno "$errno" detail "$out"
    if [ "$errno" = ETIMEDOUT ]; then slowly ls "$MOUNT"; elif [ "$did" = wrote ]; then take_back; fi
  fi
}

# Whether a path is on another device than what lay at the mount point before the daemon mounted: the bridge. Sets `out` to it.
leaves_bridge() {
  until bounded stat -c %d "$1"; do
    [ "$errno" = ETIMEDOUT ] && ! over "$before" "$MOUNT_SECONDS" || return 1
  done
  [ "$out" = "$plain_device" ] || return 0
  errno=UNKNOWN out="$1 is on the bridge's own device $out, and not on the FUSE mount"
  return 1
}

# What was written when the mount was gone lies in the bridge itself: nothing of ours stays there.
take_back() {
  for file in "$MOUNT/marker" "$MOUNT/held"; do
    if bounded stat -c %d "$file" && [ "$out" = "$plain_device" ]; then bounded rm -f "$file"; fi
  done
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
  until
    tried=$(uptime_now)
    read_marker "$copy" || over "$before" "$((MOUNT_SECONDS * slow / 100))"
  do
    # A look that was not answered proves nothing.
    [ "$errno" = ETIMEDOUT ] || absent=$tried
    sleep 0.2
  done
}
