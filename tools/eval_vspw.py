"""Score video semantic segmentation on VSPW: mIoU, weighted IoU, VC8 and VC16; or pack it for the server.

    python tools/eval_vspw.py PRED GT [--split val] [--json FILE] [--nproc N]
    python tools/eval_vspw.py PRED GT --split test --zip result_submission.zip

PRED is a folder that tools/test_step.py wrote, or one with <video>/FFFFFFFF.png in the encoding of the masks.
"""

import argparse

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.cli import add_scoring_options, agreed_classes, score_as_asked
from knet.evaluation.vss import VideoSemantics
from knet.labels import VSPW
from knet.layouts.files import read_video_list
from knet.layouts.vspw import VSPWGroundTruth
from knet.results.exports.vspw import write_submission
from knet.results.vspw_submission import open_predictions
from knet.utils.cli import ToolParser, UsageError, add_label_space_option, asked_label_space, run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('predictions', metavar='PRED', help='folder of predictions')
    parser.add_argument('ground_truth', metavar='GT', help='VSPW folder with data/ and the lists of videos')
    parser.add_argument('--split', default='val', help='which list of videos; default: val')
    parser.add_argument(
        '--zip', metavar='FILE', help='write the archive for the server instead of scoring; needs no masks'
    )
    add_label_space_option(parser, 'those stored with the predictions, else of VSPW')
    add_scoring_options(parser)
    return parser.parse_args()


def main() -> None:
    """Score or pack."""
    args = parse_args()
    names = read_video_list(args.ground_truth, args.split)
    predictions = open_predictions(args.predictions, names, asked_label_space(args))
    if args.zip is None:
        classes = agreed_classes(args, predictions.label_space(), args.predictions) or VSPW
        truth = VSPWGroundTruth(args.ground_truth, args.split, classes)
        score_as_asked(VideoSemantics(classes), predictions, truth, args, args.predictions)
        return
    if args.json or args.allow_missing or args.shard or args.merge:
        raise UsageError(
            '--zip scores nothing and packs whole splits only; leave out --json, --allow-missing, --shard and --merge'
        )
    count = write_submission(args.zip, predictions, args.ground_truth, args.split)
    print(f'{args.zip}: {count} frames')


if __name__ == '__main__':
    run_tool(main)
