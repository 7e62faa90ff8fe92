#!/usr/bin/env bash
# From the official archives of a benchmark to a table of scores beside the paper's; see docs/reproduce.md.
#
#   bash tools/reproduce.sh {kitti-step,vipseg,cityscapes-vps,youtube-vis,vspw} --archives DIR --work-dir DIR \
#       [--gpus N | --slurm PARTITION] [--dry-run]
#
# "bash tools/reproduce.sh --help" shows all options. Uses the active environment, or that of tools/install.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$(bash "$here/tools/install.sh" --print-python)}
script=reproduce.py
exec "$python" "$here/tools/$script" "$@"
