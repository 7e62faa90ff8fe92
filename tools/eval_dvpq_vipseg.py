"""Score predictions of VIPSeg with VPQ, for all window lengths in one pass.

python tools/eval_dvpq_vipseg.py RESULT_PATH [GT_PATH] [-k 1 2 4 6] [--protocol paper-repo] [--json FILE]
"""

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.cli import vpq_main
from knet.utils.cli import run_tool


def main() -> None:
    """Run the command line."""
    vpq_main('vipseg')


if __name__ == '__main__':
    run_tool(main)
