#!/usr/bin/env bash
# Sets the secrets that the workflow of the platform needs: --help
set -eu
exec "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/run-node.sh" infra/scripts/platform/main setup-github-secrets "$@"
