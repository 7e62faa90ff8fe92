#!/usr/bin/env bash
# Runs the tests, installing what they need first. Arguments go to pytest:
#
#   bash tools/run_tests.sh [-k stq] [tests/evaluation] [...]
#
# "python -m pytest --help" shows what pytest understands.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in
    -h | --help) sed -n '/^# Runs/,/^set /{/^set /d;s/^# \{0,1\}//;p;}' tools/run_tests.sh; exit 0 ;;
esac
bash tools/install.sh
python=$(bash tools/install.sh --print-python)
# Tests start processes of their own: one thread each keeps them from fighting over cores.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
# The whole suite is shared by two processes, file by file.
[ $# -gt 0 ] || set -- -n 2 --dist loadfile
exec "$python" -m pytest -q "$@"
