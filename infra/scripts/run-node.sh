#!/bin/sh
# run-node.sh MODULE [arguments]: a TypeScript module of this checkout, given without its ending, by a Node that can.
set -e

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
module=$root/${1:?a module}
shift

fail() { # fail MESSAGE REMEDY
  echo "Error: $1" >&2
  echo "  $2" >&2
  exit 1
}

command -v node >/dev/null 2>&1 ||
  fail "Node.js is not installed" "Install version 20.19 or newer: https://nodejs.org (macOS: brew install node)."
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
  fail "Node.js is too old: $(node --version)" "Install version 20.19 or newer: https://nodejs.org"
# Not a change of directory: files that are named are relative to where the person is.
[ -f "$module.js" ] && exec node "$module.js" "$@" # compiled already
[ -d "$root/node_modules/tsx" ] ||
  fail "The packages of this checkout are not installed" "Run once: (cd \"$root\" && npm ci)"
exec node --import "file://$root/node_modules/tsx/dist/loader.mjs" "$module.ts" "$@"
