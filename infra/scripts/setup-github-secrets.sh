#!/bin/sh
# Sets the secrets that the workflow of the platform needs: --help
set -e
exec "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/run-node.sh" infra/scripts/platform/main setup-github-secrets "$@"
