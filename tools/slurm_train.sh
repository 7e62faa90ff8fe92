#!/bin/sh
# Train on a Slurm cluster.
usage='usage: GPUS=8 sh ./tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [train.py options]'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
slurm_launch train.py 8 --work-dir "$@"
