#!/bin/sh
# The batch script of REQUEUE=yes, see _launch.sh: run the words as a step on all tasks, and let Slurm start the job
# again when they end with "continue me" (75), which a training does after the signal before the end of its time.
set -u
srun --kill-on-bad-exit=1 "$@"
code=$?
# 138 = 128 + SIGUSR1: the signal came before Python could handle it.
if [ "$code" -eq 75 ] || [ "$code" -eq 138 ]; then
    echo "job $SLURM_JOB_ID was stopped and is queued again"
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
