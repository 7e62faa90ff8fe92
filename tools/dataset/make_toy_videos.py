"""Make toy street videos in the layout of a real data set.

    python tools/dataset/make_toy_videos.py --out data/toy --layout kitti-step --train 120 --val 6

The same options always give the same pictures. A folder that already holds
them is left alone.
"""

import argparse

import _repository  # noqa: F401  puts the repository on the path
from tqdm import tqdm

from knet.toy import LAYOUTS, ToySpec, make_toy_videos
from knet.utils.cli import add_debug_option, run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    default = ToySpec()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True, help='data set folder to make')
    parser.add_argument('--layout', choices=sorted(LAYOUTS), default='kitti-step')
    parser.add_argument('--train', type=int, default=default.train, help='training videos (default %(default)s)')
    parser.add_argument('--val', type=int, default=default.val, help='validation videos (default %(default)s)')
    parser.add_argument('--frames', type=int, default=default.frames, help='frames per video (default %(default)s)')
    parser.add_argument('--height', type=int, default=default.height, help='default %(default)s')
    parser.add_argument('--width', type=int, default=default.width, help='default %(default)s')
    parser.add_argument('--seed', type=int, default=default.seed, help='default %(default)s')
    parser.add_argument(
        '--crowd',
        type=float,
        default=default.crowd,
        help='share of videos with a group of persons labelled as crowd (default %(default)s)',
    )
    parser.add_argument(
        '--void',
        type=float,
        default=default.void,
        help='share of videos with an unlabelled bonnet (default %(default)s)',
    )
    parser.add_argument(
        '--zoom',
        type=float,
        default=default.zoom,
        help='focal length relative to a dash camera, to fill the frame (default %(default)s)',
    )
    parser.add_argument(
        '--rate',
        type=float,
        default=default.rate,
        help='frames per unit of time; at 2 things move half as far per frame (default %(default)s)',
    )
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Render, write, report."""
    args = parse_args()
    spec = ToySpec(
        args.train,
        args.val,
        args.frames,
        args.height,
        args.width,
        args.seed,
        args.crowd,
        args.void,
        args.zoom,
        args.rate,
    )
    with tqdm(total=spec.total_frames, unit='frame', desc='toy videos', disable=None) as bar:
        made = make_toy_videos(args.out, args.layout, spec, bar.update)
    what = f'{spec.train} training + {spec.val} validation videos of {spec.frames} frames'
    print(f'{args.out}: {what} {"written" if made else "were there already"} ({args.layout})')


if __name__ == '__main__':
    run_tool(main)
