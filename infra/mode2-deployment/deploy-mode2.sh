#!/usr/bin/env bash
# Deploys MR Optimum into your own AWS account: ./deploy-mode2.sh --help
# The work is done by main.ts beside this file; here is only what has to hold before Node can run it.
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

fail() { # fail MESSAGE REMEDY
  echo "Error: $1" >&2
  echo "  $2" >&2
  exit 1
}

command -v node >/dev/null 2>&1 ||
  fail "Node.js is not installed" "Install version 20.19 or newer: https://nodejs.org (macOS: brew install node)."
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
  fail "Node.js is too old: $(node --version)" "Install version 20.19 or newer: https://nodejs.org"
# Not a change of directory: files that you name are relative to where you are.
[ -f "$here/main.js" ] && exec node "$here/main.js" "$@" # compiled already
[ -d "$root/node_modules/tsx" ] ||
  fail "The packages of this checkout are not installed" "Run once: (cd \"$root\" && npm ci)"
exec node --import "file://$root/node_modules/tsx/dist/loader.mjs" "$here/main.ts" "$@"
