#!/bin/sh
# Registers a Mode 2 stack with the broker, or verifies that it is registered, and checks it: --help
set -e
exec "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/../mode2-deployment/deploy-mode2.sh" register "$@"
