#!/bin/sh
# Test an image model on a Slurm cluster.
usage='usage: GPUS=8 sh ./tools/slurm_test.sh PARTITION JOB CONFIG CHECKPOINT_OR_WORK_DIR [test.py options]'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
slurm_launch test.py 8 '' "$@"
