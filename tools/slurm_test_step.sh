#!/bin/sh
# Test a video model on a Slurm cluster, videos shared among the tasks.
usage='usage: GPUS=1 sh ./tools/slurm_test_step.sh PARTITION JOB CONFIG CHECKPOINT_OR_WORK_DIR [test_step.py options]'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
slurm_launch test_step.py 1 '' "$@"
