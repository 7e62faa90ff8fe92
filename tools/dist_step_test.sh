#!/bin/sh
# Test a video model, videos shared among the processes; without GPUs on the CPU.
#   sh ./tools/dist_step_test.sh CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [test_step.py options]
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
[ $# -ge 2 ] || usage_error 'usage: dist_step_test.sh CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [test_step.py options]'
config=$1
checkpoint=$2
shift 2
gpus=1
if is_number "${1:-}"; then
    gpus=$1
    shift
fi
launch "$gpus" test_step.py "$config" "$checkpoint" "$@"
