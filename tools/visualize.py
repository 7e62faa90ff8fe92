"""Draw stored predictions: a clip per video, and the worst frames.

    python tools/visualize.py RESULT GT --data-set kitti-step --out-dir pictures --gif --mp4

RESULT is what tools/test_step.py wrote; GT is the data set folder. Every picture shows image, prediction and ground
truth of a labelled frame.
"""

import argparse
from pathlib import Path

import _root  # noqa: F401
from tqdm import tqdm

from knet.evaluation.cli import add_data_options, chosen_classes, chosen_layout
from knet.evaluation.frames import check_same_videos
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.io import write_png_atomic
from knet.utils.lock import locked
from knet.visualization import compare_frame, compare_video, worst_frames, write_video


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('result', metavar='RESULT', help='folder of predictions')
    parser.add_argument('ground_truth', metavar='GT', nargs='?', help='data set folder; default: that of --data-set')
    add_data_options(parser, 'kitti-step')
    parser.add_argument('--out-dir', '--out', dest='out', required=True, help='folder for the pictures')
    parser.add_argument('--split', default='val', help='part of the data set (default: %(default)s)')
    parser.add_argument('--gif', action='store_true', help='write GIF (the default)')
    parser.add_argument('--mp4', action='store_true', help='write MP4')
    parser.add_argument('--fps', type=float, default=5.0, help='default %(default)s')
    parser.add_argument('--every', type=int, default=1, help='take every n-th frame (default %(default)s)')
    parser.add_argument('--max-width', type=int, default=960, help='of a clip (default %(default)s)')
    parser.add_argument('--videos', type=int, nargs='+', help='video numbers (default: all)')
    parser.add_argument('--worst', type=int, default=6, help='number of worst frames to draw (default %(default)s)')
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Draw clips and worst frames."""
    args = parse_args()
    if args.every < 1:
        raise UsageError(f'--every must be at least 1, got {args.every}')
    layout = chosen_layout(args)
    predictions = PredictionReader(args.result)
    space, out = chosen_classes(args, predictions), Path(args.out)
    truth = layout(args.ground_truth or layout.default_root, args.split, space)
    check_same_videos(predictions, truth)
    known = [video for video in truth.videos() if predictions.frames(video)]
    unknown = sorted(set(args.videos or []) - set(known))
    if unknown or not known:
        raise UsageError(f'no predictions and ground truth for videos {unknown or truth.videos()}; there are {known}')
    suffixes = [suffix for suffix, wanted in (('gif', args.gif or not args.mp4), ('mp4', args.mp4)) if wanted]
    with locked(out):
        for video in tqdm(args.videos or known, unit='video', desc='clips', disable=None):
            for suffix in suffixes:
                frames = compare_video(predictions, truth, space, video, args.every, args.max_width)
                write_video(out / f'{video:06d}.{suffix}', frames, args.fps)
        for score in worst_frames(predictions, truth, space, args.worst) if args.worst > 0 else ():
            picture = compare_frame(predictions, truth, space, score.video, score.frame)
            write_png_atomic(out / 'worst' / f'{score.video:06d}_{score.frame:06d}.png', picture)
    print(f'pictures of {len(args.videos or known)} videos: {out}')


if __name__ == '__main__':
    run_tool(main)
