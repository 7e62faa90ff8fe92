#!/bin/sh
# Predict videos and score them: predictions, stq.json and vpq.json go to LOGDIR.
usage='usage: sh ./tools/inference_kitti_step.sh CONFIG CHECKPOINT_OR_WORK_DIR LOGDIR [test_step.py options]
environment: GPUS (1)'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
require 3 "$@"
config=$1
checkpoint=$2
logdir=$3
shift 3
launch "${GPUS:-1}" test_step.py "$config" "$checkpoint" --out-dir "$logdir" --eval stq vpq "$@"
