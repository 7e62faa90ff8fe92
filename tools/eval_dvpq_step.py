"""Score predictions with VPQ, by default of KITTI-STEP, for all window lengths in one pass.

python tools/eval_dvpq_step.py RESULT_PATH [GT_PATH] [-k 1 2 3 4] [--depth-thres T] [--protocol paper-repo]
"""

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.cli import vpq_main
from knet.utils.cli import run_tool


def main() -> None:
    """Run the command line."""
    vpq_main('kitti-step')


if __name__ == '__main__':
    run_tool(main)
