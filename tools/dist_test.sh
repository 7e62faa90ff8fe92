#!/bin/sh
# Test an image model; without GPUs on the CPU.
usage='usage: sh ./tools/dist_test.sh CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [test.py options]'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
launch_test test.py "$@"
