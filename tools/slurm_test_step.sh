#!/bin/sh
# Test a video model on a Slurm cluster.
#   GPUS=1 sh ./tools/slurm_test_step.sh PARTITION JOB CONFIG CHECKPOINT_OR_WORK_DIR [test_step.py options]
# Environment: GPUS (1), GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS, DEVICE=cpu for no GPUs.
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
[ $# -ge 4 ] || usage_error 'usage: slurm_test_step.sh PARTITION JOB CONFIG CHECKPOINT_OR_WORK_DIR [test_step.py options]'
GPUS=${GPUS:-1}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
partition=$1
job=$2
config=$3
checkpoint=$4
shift 4
slurm_launch "$partition" "$job" test_step.py "$config" "$checkpoint" "$@"
