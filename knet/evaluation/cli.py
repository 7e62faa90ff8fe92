"""What the evaluator command lines share."""
import argparse
from typing import Tuple, Union

from knet.evaluation.protocols import OFFICIAL, PROTOCOLS
from knet.evaluation.store import KittiStepGroundTruth, PredictionReader
from knet.evaluation.stq import STQResult
from knet.evaluation.vpq import VPQResult
from knet.labels import LABEL_SPACES, LabelSpace, get_label_space
from knet.utils.cli import UsageError, add_debug_option
from knet.utils.io import write_json_atomic

DEFAULT_GT_PATH = 'data/kitti-step'


def positive(text: str) -> int:
    """Parse a whole number >= 1 of a command line."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f'must be a whole number >= 1, not {text!r}')
    return number


def evaluator_parser(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments of every evaluator."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('result_path', help='folder with panoptic/<video>/SSSSSS_FFFFFF_{cat,ins}.png')
    parser.add_argument('gt_path', nargs='?', help=f'data set folder with video_sequence/; default: {DEFAULT_GT_PATH}')
    parser.add_argument('--gt-path', dest='gt_option', metavar='GT_PATH', help='the same, as an option')
    parser.add_argument('--split', default='val', help='sub-folder of video_sequence/; default: val')
    parser.add_argument('--label-space', default='kitti_step', choices=sorted(LABEL_SPACES), help='the classes')
    parser.add_argument('--protocol', default=OFFICIAL, choices=PROTOCOLS,
                        help="official: the benchmark's definition; paper-repo: the published scripts' arithmetic")
    parser.add_argument('--json', metavar='FILE', help='also write the scores there, as fractions in 0..1')
    parser.add_argument('--nproc', type=positive, default=1, help='processes, at most one per video; default: 1')
    parser.add_argument('--allow-missing', action='store_true',
                        help='score what both sides have instead of refusing; the output says what is left out')
    add_debug_option(parser)
    return parser


def open_inputs(args: argparse.Namespace) -> Tuple[PredictionReader, KittiStepGroundTruth, LabelSpace]:
    """Open what the arguments of :func:`evaluator_parser` name.

    Raises:
        UsageError: If the ground truth is given twice, differently.
        FileNotFoundError: If something isn't there.
    """
    if args.gt_path and args.gt_option and args.gt_path != args.gt_option:
        raise UsageError(f'ground truth given twice: {args.gt_path} and --gt-path {args.gt_option}; keep one')
    truth = KittiStepGroundTruth(args.gt_path or args.gt_option or DEFAULT_GT_PATH, args.split)
    return PredictionReader(args.result_path), truth, get_label_space(args.label_space)


def report(result: Union[STQResult, VPQResult], args: argparse.Namespace) -> None:
    """Print the table, and write the JSON file if one is asked for."""
    print(result.table())
    if args.json:
        write_json_atomic(args.json, result.to_json())
        print(f'\nscores written to {args.json}')
