#!/bin/sh
# The program, on a Node that can read it: what `npm link` and `npx fuse-propagation-test` run.
exec sh "$(dirname "$(readlink -f "$0")")/node.sh" cli/main.ts "$@"
