"""What the evaluator command lines share."""

import argparse
from typing import Any, Optional, Tuple, Type

from knet.evaluation.dstq import DepthAwareSTQ
from knet.evaluation.metric import Metric, Result, score
from knet.evaluation.parts import merge_parts, write_part
from knet.evaluation.protocols import OFFICIAL, PROTOCOLS
from knet.evaluation.stq import STQuality
from knet.evaluation.vpq import VideoPanopticQuality
from knet.labels import LabelSpace, get_label_space
from knet.layouts.base import VideoGroundTruth
from knet.layouts.registry import LAYOUTS, get_layout
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import ToolParser, UsageError, add_debug_option, add_label_space_option, asked_label_space
from knet.utils.io import write_json_atomic
from knet.utils.shards import parse_shard


def positive(text: str) -> int:
    """Parse a whole number >= 1 of a command line."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f'must be a whole number >= 1, not {text!r}')
    return number


def share(text: str) -> float:
    """Parse a number > 0 of a command line."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise argparse.ArgumentTypeError(f'must be a number > 0, not {text!r}')
    return number


def evaluator_parser(description: str, data_set: str) -> argparse.ArgumentParser:
    """Return a parser with the arguments of every evaluator.

    Args:
        description: Description of the command.
        data_set: Default of ``--data-set``, a key of :data:`LAYOUTS`.
    """
    parser = ToolParser(description)
    parser.add_argument('result_path', help='folder with panoptic/<video>/SSSSSS_FFFFFF_{cat,ins}.png')
    parser.add_argument(
        'gt_path', nargs='?', help=f'data set folder; default: {LAYOUTS[data_set].default_root}, or that of --data-set'
    )
    parser.add_argument('--gt-path', dest='gt_option', metavar='GT_PATH', help='the same, as an option')
    parser.add_argument('--split', default='val', help='part of the data set; default: val')
    add_data_options(parser, data_set)
    parser.add_argument(
        '--protocol',
        default=OFFICIAL,
        choices=PROTOCOLS,
        help="official: the benchmark's definition; paper-repo: the published scripts' arithmetic",
    )
    add_scoring_options(parser)
    return parser


def add_nproc_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--nproc``."""
    parser.add_argument('--nproc', type=positive, default=1, help='processes, at most one per video; default: 1')


def add_scoring_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``, ``--nproc``, ``--shard``, ``--merge``, ``--allow-missing`` and ``--debug``."""
    parser.add_argument('--json', metavar='FILE', help='also write the scores there, as fractions in 0..1')
    add_nproc_option(parser)
    parser.add_argument(
        '--shard',
        type=parse_shard,
        metavar='I/N',
        help='count part I of N only, for N jobs, into RESULT/scores; --merge N afterwards gives the scores',
    )
    parser.add_argument(
        '--merge', type=positive, metavar='N', help='sum up what N jobs with --shard have counted; reads no label map'
    )
    parser.add_argument(
        '--allow-missing',
        action='store_true',
        help='score the frames that both sides have instead of refusing; the output lists those that are left out',
    )
    add_debug_option(parser)


def add_data_options(parser: argparse.ArgumentParser, data_set: str) -> None:
    """Add ``--data-set``, ``--label-space`` and ``--import``.

    Args:
        parser: Parser of a program that reads predictions and ground truth.
        data_set: Default of ``--data-set``.
    """
    parser.add_argument(
        '--data-set',
        default=data_set,
        metavar='NAME',
        help=f'layout of the ground truth: {", ".join(LAYOUTS)}, or one of --import (default: %(default)s)',
    )
    add_label_space_option(parser, 'those stored with the predictions, else of the data set')


def chosen_layout(args: argparse.Namespace) -> Type[VideoGroundTruth]:
    """Return the layout that ``--data-set`` names.

    Raises:
        UsageError: If there is none of that name.
    """
    try:
        return get_layout(args.data_set)
    except KeyError as error:
        raise UsageError(f'--data-set {args.data_set}: {error.args[0]}') from error


def chosen_classes(args: argparse.Namespace, predictions: PredictionReader) -> LabelSpace:
    """Return the classes of ``--label-space``, else those stored with the predictions, else those of the data set.

    Args:
        args: Arguments with ``label_space`` and ``data_set``.
        predictions: Predictions that are to be read.

    Raises:
        UsageError: If there is no such label space, or the predictions are of another one.
    """
    asked = agreed_classes(args, predictions.label_space(), str(predictions.root.parent))
    return get_label_space(chosen_layout(args).label_space) if asked is None else asked


def agreed_classes(args: argparse.Namespace, stored: Optional[LabelSpace], name: str) -> Optional[LabelSpace]:
    """Return the classes of ``--label-space``, else those stored with the predictions; None without either.

    Args:
        args: Arguments with ``label_space``.
        stored: Classes that the predictions name.
        name: Term for the predictions in the message.

    Raises:
        UsageError: If there is no such label space, or the predictions are of another one.
    """
    asked = asked_label_space(args)
    if asked is None or stored is None:
        return asked or stored
    if not asked.numbers_like(stored):
        raise UsageError(
            f'{name} holds predictions of label space {stored.name!r}; leave out --label-space {args.label_space}'
        )
    return asked


def open_inputs(args: argparse.Namespace) -> Tuple[PredictionReader, VideoGroundTruth, LabelSpace]:
    """Open the predictions and the ground truth that the arguments of :func:`evaluator_parser` name.

    Raises:
        UsageError: If the argument and the option name different folders of ground truth.
        FileNotFoundError: If something isn't there.
    """
    if args.gt_path and args.gt_option and args.gt_path != args.gt_option:
        raise UsageError(f'ground truth given twice: {args.gt_path} and --gt-path {args.gt_option}; keep one')
    data_set, predictions = chosen_layout(args), PredictionReader(args.result_path)
    classes = chosen_classes(args, predictions)
    truth = data_set(args.gt_path or args.gt_option or data_set.default_root, args.split, classes)
    return predictions, truth, classes


def score_as_asked(metric: Metric, predictions: Any, truth: Any, args: argparse.Namespace, folder: str) -> None:
    """Score and report; or count a part with ``--shard``, or sum up the parts with ``--merge``.

    Args:
        metric: Empty accumulator.
        predictions: Stored predictions.
        truth: Ground truth of the predictions.
        args: Arguments of :func:`add_scoring_options`.
        folder: Result folder, for the parts.

    Raises:
        UsageError: If options exclude each other.
    """
    if args.shard is None:
        if args.merge is None:
            result = score(metric, predictions, truth, args.nproc, args.allow_missing)
        else:
            result = merge_parts(metric, predictions, truth, folder, args.merge, args.allow_missing)
        report(result, args)
        return
    if args.json or args.merge:
        raise UsageError('--shard counts a part and gives no scores; leave out --json and --merge until all have run')
    part = write_part(metric, predictions, truth, folder, args.shard, args.nproc, args.allow_missing)
    print(f'counts written to {part}; --merge {args.shard[1]} gives the scores when all jobs have written theirs')


def report(result: Result, args: argparse.Namespace) -> None:
    """Print the table, and write the JSON file if one is asked for.

    Args:
        result: The scores.
        args: Arguments with ``json``: the file, or None.
    """
    print(result.table())
    if args.json:
        write_json_atomic(args.json, result.to_json())
        print(f'\nscores written to {args.json}')


def stq_main(data_set: str) -> None:
    """Run the command line of the STQ evaluators; ``data_set`` is the default layout."""
    parser = evaluator_parser('Score video predictions with STQ (segmentation and tracking quality).', data_set)
    parser.add_argument(
        '--depth', action='store_true', help='DSTQ: score depth as well, RESULT/depth/<video>/SSSSSS_FFFFFF.png'
    )
    args = parser.parse_args()
    predictions, truth, label_space = open_inputs(args)
    metric: Metric = (DepthAwareSTQ if args.depth else STQuality)(label_space, args.protocol)
    score_as_asked(metric, predictions, truth, args, args.result_path)


def vpq_main(data_set: str) -> None:
    """Run the command line of the VPQ evaluators; ``data_set`` is the default layout."""
    parser = evaluator_parser('Score video predictions with VPQ (video panoptic quality).', data_set)
    default = ' '.join(map(str, LAYOUTS[data_set].vpq_windows))
    parser.add_argument(
        '-k',
        '--eval_frames',
        '--eval-frames',
        dest='ks',
        nargs='+',
        type=positive,
        metavar='K',
        help=f'window lengths in labelled frames; default: {default}, or those of --data-set',
    )
    parser.add_argument(
        '--depth-thres',
        '--depth_thres',
        type=share,
        metavar='T',
        help='depth-aware VPQ: pixels whose depth is off by more than T times the true depth count as not predicted',
    )
    args = parser.parse_args()
    predictions, truth, label_space = open_inputs(args)
    metric = VideoPanopticQuality(label_space, args.ks or truth.vpq_windows, args.protocol, args.depth_thres)
    score_as_asked(metric, predictions, truth, args, args.result_path)
