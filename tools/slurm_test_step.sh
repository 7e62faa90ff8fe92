#!/bin/sh
# Test a video model on a Slurm cluster, videos shared among the tasks.
usage='usage: GPUS=1 sh ./tools/slurm_test_step.sh PARTITION JOB CONFIG CHECKPOINT_OR_WORK_DIR [test_step.py options]
environment: GPUS (1), GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS, DEVICE=cpu for no GPUs'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
slurm_launch test_step.py 1 '' "$@"
