#!/bin/sh
# Test a video model, videos shared among the processes; without GPUs on the CPU.
usage='usage: sh ./tools/dist_step_test.sh CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [test_step.py options]'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
launch_test test_step.py "$@"
