"""Score predictions with VPQ, for all window lengths in one pass.

    python tools/eval_dvpq_step.py RESULT_PATH [GT_PATH] [-k 1 2 3 4] [--protocol paper-repo] [--json FILE]
"""
import os

os.environ['KNET_NO_PLUGIN'] = '1'  # numpy is enough here: start without torch and mmdet

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.cli import evaluator_parser, open_inputs, positive, report
from knet.evaluation.vpq import DEFAULT_KS, evaluate_vpq
from knet.utils.cli import run_tool


def main() -> None:
    """Run the command line."""
    parser = evaluator_parser('Score video predictions with VPQ (video panoptic quality).')
    parser.add_argument('-k', '--eval_frames', '--eval-frames', dest='ks', nargs='+', type=positive,
                        default=list(DEFAULT_KS), metavar='K', help='window lengths in frames; default: 1 2 3 4')
    args = parser.parse_args()
    predictions, truth, label_space = open_inputs(args)
    report(evaluate_vpq(predictions, truth, label_space, args.ks, args.protocol, args.nproc, args.allow_missing), args)


if __name__ == '__main__':
    run_tool(main)
