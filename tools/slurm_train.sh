#!/bin/sh
# Train on a Slurm cluster.
#   GPUS=8 sh ./tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [train.py options]
# Environment: GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS, DEVICE=cpu for no GPUs.
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
[ $# -ge 4 ] || usage_error 'usage: slurm_train.sh PARTITION JOB CONFIG WORK_DIR [train.py options]'
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
partition=$1
job=$2
config=$3
work_dir=$4
shift 4
slurm_launch "$partition" "$job" train.py "$config" --work-dir "$work_dir" "$@"
