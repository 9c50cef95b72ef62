#!/bin/sh
# Starts the stand-in of the plugin by whose name this script is called: each file in bin/ is a link to it.
set -eu

# The engine finds it through links on PATH; the programs lie beside the script itself.
here=$(dirname "$(readlink -f "$0")")

# Older Nodes announce type stripping as experimental on stderr, which the engine would show to the user.
exec "${FUSE_TEST_NODE:-node}" --disable-warning=ExperimentalWarning "$here/main.ts" "${0##*/}" "$@"
