"""Make toy street videos in the layout of a real data set.

    python tools/dataset/make_toy_videos.py --out-dir data/toy --layout kitti-step --train 120 --val 6

The same options always give the same pictures. A folder that already holds
them is left alone.
"""

import argparse
from typing import Dict

import _repository  # noqa: F401  puts the repository on the path
from tqdm import tqdm

from knet.toy import LAYOUTS, Difficulty, ToySpec, make_toy_videos
from knet.utils.cli import ToolParser, add_debug_option, run_tool

#: Options, which are fields of the specification, and their help.
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
#: Options that make the streets harder, which are fields of the difficulty, and their help.
_HARDER = {
    '--look-alikes': 'give all cars of a video one colour and shape, and all persons one look',
    '--crossings': 'pairs of persons who meet in front of the camera, 0 to 6',
    '--occluders': 'hoardings that hide a walking person for several frames, 0 to 2',
    '--lighting': 'share of the light that is lost and regained within a video, 0 to 0.9',
    '--blur': 'time for which the shutter is open, in frames, 0 to 1',
    '--turn': 'share of the width by which the camera turns within a video, 0 to 1',
    '--small': 'share by which cars and persons are smaller, 0 to 0.7',
}


def _field(option: str) -> str:
    return option[2:].replace('-', '_')


def _add_options(parser: argparse._ActionsContainer, owner: type, options: Dict[str, str]) -> None:
    for option, meaning in options.items():
        default = getattr(owner, _field(option))
        if default is False:
            parser.add_argument(option, action='store_true', help=meaning)
        else:
            parser.add_argument(option, type=type(default), default=default, help=f'{meaning} (default %(default)s)')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--out-dir', '--out', dest='out', required=True, help='data set folder to make')
    parser.add_argument('--layout', choices=sorted(LAYOUTS), default='kitti-step', help='default: %(default)s')
    _add_options(parser, ToySpec, _OPTIONS)
    _add_options(parser.add_argument_group('harder streets'), Difficulty, _HARDER)
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Render, write, report."""
    args = parse_args()
    plain, harder = ({_field(o): getattr(args, _field(o)) for o in options} for options in (_OPTIONS, _HARDER))
    spec = ToySpec(**plain, difficulty=Difficulty(**harder))
    with tqdm(total=spec.total_frames, unit='frame', desc='toy videos', disable=None) as bar:
        made = make_toy_videos(args.out, args.layout, spec, bar.update)
    what = f'{spec.train} training + {spec.val} validation videos of {spec.frames} frames'
    print(f'{args.out}: {what} {"written" if made else "were there already"} ({args.layout})')


if __name__ == '__main__':
    run_tool(main)
