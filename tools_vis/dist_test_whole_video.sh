#!/bin/sh
# Test a clip model on whole videos, shared among the processes; without GPUs on the CPU.
usage='usage: GPUS=8 sh ./tools_vis/dist_test_whole_video.sh PARTITION JOB CONFIG CHECKPOINT_OR_WORK_DIR [test_whole_video.py options]
       sh ./tools_vis/dist_test_whole_video.sh CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [test_whole_video.py options]
environment of the first form, on a Slurm cluster: GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS, DEVICE=cpu for no GPUs'
set -eu
tools=$(cd "$(dirname "$0")/../tools" && pwd)
. "$tools/_launch.sh"
case "${1:-}" in
    *.py | -*) launch_test ../tools_vis/test_whole_video.py "$@" ;;
    *) slurm_launch ../tools_vis/test_whole_video.py 8 '' "$@" ;;
esac
