"""Score predictions with STQ, by default of KITTI-STEP.

python tools/eval_dstq_step.py RESULT_PATH [GT_PATH] [--depth] [--protocol paper-repo] [--json FILE] [--nproc N]
"""

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.cli import stq_main
from knet.utils.cli import run_tool


def main() -> None:
    """Run the command line."""
    stq_main('kitti-step')


if __name__ == '__main__':
    run_tool(main)
