#!/bin/sh
# Deploys MR Optimum into your own AWS account, checks it, updates it, removes it: ./deploy-mode2.sh --help
set -e
exec "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/../scripts/run-node.sh" infra/mode2-deployment/main "$@"
