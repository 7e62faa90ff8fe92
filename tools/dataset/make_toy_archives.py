"""Make the archives of a benchmark's official downloads with toy videos in them, to try tools/reproduce.sh.

python tools/dataset/make_toy_archives.py kitti-step --out-dir downloads/toy/kitti-step
"""

import argparse
from dataclasses import fields

import _repository  # noqa: F401  puts the repository on the path

from knet.toy import ToySpec
from knet.toy.archives import ARCHIVES, write_archives
from knet.utils.cli import ToolParser, add_debug_option, run_tool

#: What suffices to see that everything runs.
_SMALL = ToySpec(train=4, val=2, frames=6, height=96, width=160)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('benchmark', choices=list(ARCHIVES), help='whose downloads')
    parser.add_argument('--out-dir', required=True, help='folder of the archives')
    for name in ('train', 'val', 'frames', 'height', 'width', 'seed'):
        parser.add_argument(
            f'--{name}', type=int, default=getattr(_SMALL, name), help='see make_toy_videos.py (%(default)s)'
        )
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Write the archives."""
    args = parse_args()
    given = {field.name: getattr(args, field.name, getattr(_SMALL, field.name)) for field in fields(ToySpec)}
    for path in write_archives(args.out_dir, args.benchmark, ToySpec(**given)):
        print(f'{path}: {path.stat().st_size} bytes')


if __name__ == '__main__':
    run_tool(main)
