#!/bin/sh
# Makes the image repositories of the platform, private and public: --help
set -e
exec "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/run-node.sh" infra/scripts/platform/main create-ecr-repos "$@"
