#!/usr/bin/env bash
# Makes the image repositories of the platform, private and public: --help
set -eu
exec "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/run-node.sh" infra/scripts/platform/main create-ecr-repos "$@"
