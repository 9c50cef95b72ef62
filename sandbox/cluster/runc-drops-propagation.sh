#!/bin/sh
# runc, but a container's mounts are private, even if its pod asks for propagation: a broken runtime, for the tests (DROPS_PROPAGATION in nodeConfig.ts).
#
#   runc-drops-propagation.sh [OPTION...] create --bundle DIRECTORY [OPTION...] ID
set -eu

bundle='' previous=''
for argument; do
  [ "$previous" != --bundle ] || bundle=$argument
  previous=$argument
done

# Replaced, since without any such option a bind mount stays in the peer group of what it binds. Only mounts have "options" in a
# config.json: a quote in a string is escaped there.
[ -z "$bundle" ] ||
  sed -i -E ':next; s/("options":\[[^]]*)"r?(shared|slave)"/\1"rprivate"/; t next' "$bundle/config.json"
exec runc "$@"
