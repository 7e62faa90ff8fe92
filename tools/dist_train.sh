#!/bin/sh
# Train in several processes on this machine (or nodes, see _launch.sh); without GPUs on the CPU.
usage='usage: sh ./tools/dist_train.sh JOB CONFIG GPUS WORK_DIR [train.py options]
       sh ./tools/dist_train.sh CONFIG GPUS [train.py options]'
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/_launch.sh"
case "${1:-}" in
    *.py)
        require 2 "$@"
        config=$1
        gpus=$2
        shift 2
        ;;
    *)
        require 4 "$@"
        config=$2
        gpus=$3
        work_dir=$4
        shift 4
        set -- --work-dir "$work_dir" "$@"
        ;;
esac
launch "$gpus" train.py "$config" "$@"
