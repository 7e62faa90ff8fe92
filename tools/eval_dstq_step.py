"""Score predictions with STQ.

    python tools/eval_dstq_step.py RESULT_PATH [GT_PATH] [--protocol paper-repo] [--json FILE] [--nproc N]
"""
import os

os.environ['KNET_NO_PLUGIN'] = '1'  # numpy is enough here: start without torch and mmdet

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.cli import evaluator_parser, open_inputs, report
from knet.evaluation.stq import evaluate_stq
from knet.utils.cli import run_tool


def main() -> None:
    """Run the command line."""
    args = evaluator_parser('Score video predictions with STQ (segmentation and tracking quality).').parse_args()
    predictions, truth, label_space = open_inputs(args)
    report(evaluate_stq(predictions, truth, label_space, args.protocol, args.nproc, args.allow_missing), args)


if __name__ == '__main__':
    run_tool(main)
