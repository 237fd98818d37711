#!/usr/bin/env bash
# Shell functions for common tasks of Mode 2. Sourced, it defines them; run, it lists them.
#   source infra/scripts/mode2-quick-reference.sh
# Works in bash (3.2 of macOS too) and zsh. Options of each: mode2_deploy --help

# zsh names a sourced file by $0, bash by BASH_SOURCE.
mode2_program=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]:-$0}")" && pwd)/../mode2-deployment/deploy-mode2.sh

mode2_deploy() { "$mode2_program" deploy "$@"; }
mode2_update() { "$mode2_program" update "$@"; }
mode2_doctor() { "$mode2_program" doctor "$@"; }
mode2_register() { "$mode2_program" register "$@"; }
mode2_status() { "$mode2_program" status "$@"; }
mode2_logs() { "$mode2_program" logs "$@"; }
mode2_costs() { "$mode2_program" costs "$@"; }
mode2_destroy() { "$mode2_program" destroy "$@"; }

mode2_help() {
  cat <<'TEXT'
mode2_doctor                      checks everything that a deployment needs
mode2_deploy                      creates the stack, or updates it
mode2_update --image-tag v2.4.0   another version of the worker
mode2_register                    registers the stack, or verifies it
mode2_status                      the stack and the computing unit
mode2_logs --follow               logs of the worker; --job ID why a job failed
mode2_costs --jobs 100            what jobs cost
mode2_destroy                     takes everything away but the data; --delete-data also that
TEXT
}

# Run, not sourced: zsh does not set BASH_SOURCE.
if [ -n "${BASH_SOURCE[0]:-}" ] && [ "${BASH_SOURCE[0]}" = "$0" ]; then mode2_help; fi
