#!/bin/sh
# Makes the role that GitHub Actions deploys the platform with; one repository, one environment, no keys: --help
set -e
exec "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/run-node.sh" infra/scripts/platform/main create-github-oidc-role "$@"
