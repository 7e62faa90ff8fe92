#!/bin/sh
# Test an image model; without GPUs on the CPU.
#   sh ./tools/dist_test.sh CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [test.py options]
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
[ $# -ge 2 ] || usage_error 'usage: dist_test.sh CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [test.py options]'
config=$1
checkpoint=$2
shift 2
gpus=1
if is_number "${1:-}"; then
    gpus=$1
    shift
fi
launch "$gpus" test.py "$config" "$checkpoint" "$@"
