"""Make toy street videos in the layout of a real data set.

    python tools/dataset/make_toy_videos.py --out-dir data/toy --layout kitti-step --train 120 --val 6

The same options always give the same pictures. A folder that already holds
them is left alone.
"""

import argparse
from dataclasses import fields

import _repository  # noqa: F401  puts the repository on the path
from tqdm import tqdm

from knet.toy import LAYOUTS, ToySpec, make_toy_videos
from knet.utils.cli import ToolParser, add_debug_option, run_tool

#: Options, which are the fields of the specification, and their help.
_OPTIONS = {
    '--train': 'training videos',
    '--val': 'validation videos',
    '--frames': 'frames per video',
    '--height': 'of a frame in pixels',
    '--width': 'of a frame in pixels',
    '--seed': 'of the whole set',
    '--crowd': 'share of videos with a group of persons labelled as crowd',
    '--void': 'share of videos with an unlabelled bonnet',
    '--zoom': 'focal length relative to a dash camera, to fill the frame',
    '--rate': 'frames per unit of time; at 2 things move half as far per frame',
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--out-dir', '--out', dest='out', required=True, help='data set folder to make')
    parser.add_argument('--layout', choices=sorted(LAYOUTS), default='kitti-step', help='default: %(default)s')
    for option, meaning in _OPTIONS.items():
        default = getattr(ToySpec, option[2:])
        parser.add_argument(option, type=type(default), default=default, help=f'{meaning} (default %(default)s)')
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Render, write, report."""
    args = parse_args()
    spec = ToySpec(**{field.name: getattr(args, field.name) for field in fields(ToySpec)})
    with tqdm(total=spec.total_frames, unit='frame', desc='toy videos', disable=None) as bar:
        made = make_toy_videos(args.out, args.layout, spec, bar.update)
    what = f'{spec.train} training + {spec.val} validation videos of {spec.frames} frames'
    print(f'{args.out}: {what} {"written" if made else "were there already"} ({args.layout})')


if __name__ == '__main__':
    run_tool(main)
