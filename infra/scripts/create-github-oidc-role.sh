#!/usr/bin/env bash
# Makes the role that GitHub Actions deploys the platform with; one repository, one environment, no keys: --help
set -eu
exec "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/run-node.sh" infra/scripts/platform/main create-github-oidc-role "$@"
