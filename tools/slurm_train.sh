#!/bin/sh
# Train on a Slurm cluster.
usage='usage: GPUS=8 sh ./tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [train.py options]
environment: GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS, DEVICE=cpu for no GPUs,
  REQUEUE=yes for a batch job that stops SIGNAL_SECONDS (120) before the end of its time and goes on by itself'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
slurm_launch train.py 8 --work-dir "$@"
