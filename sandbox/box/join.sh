#!/bin/sh
# Joins control groups, then becomes another program: what that program starts is in the groups from its first moment.
#
#   sh join.sh CGROUP.PROCS... -- PROGRAM ARGUMENTS...
set -eu
# Pods' users enter the directories that a node's programs make, with any umask of the shell that starts them.
umask 022
while [ "$1" != -- ]; do
  echo 0 >"$1"
  shift
done
shift
exec "$@"
