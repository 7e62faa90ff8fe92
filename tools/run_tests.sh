#!/usr/bin/env bash
# Runs the tests, installing what they need first. Arguments go to pytest:
#   bash tools/run_tests.sh -k stq
set -euo pipefail
cd "$(dirname "$0")/.."
bash tools/install.sh
python=$(bash tools/install.sh --print-python)
# Tests start processes of their own: one thread each keeps them from fighting over cores.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
exec "$python" -m pytest -q "$@"
