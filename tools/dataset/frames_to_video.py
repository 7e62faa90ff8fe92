r"""Turn one labelled clip into a video data set, frame ranges by split.

Labels come from one of four sources:

    --coco FILE.json             COCO json; tracks are track_id or instance_id of the annotations
    --labelme FOLDER             one json of labelme per frame; tracks are group_id
    --pairs CLASSES INSTANCES    two folders of gray PNGs: dataset ids, and track ids (0 = none)
    --panoptic FOLDER            RGB PNGs: R = class, 256 * G + B = track

and become one of three layouts (kitti-step, vipseg, youtube-vis), e.g.

    python tools/dataset/frames_to_video.py --labelme clip/labels --images clip/images --layout kitti-step \\
        --out-dir data/clip --train 0-69 --val 70-100

The number of a frame is the last number in the name of its file. Further clips go into the same --out-dir under another
--video. Pixels without label are void.
"""

import argparse
from pathlib import Path
from typing import Dict, Tuple

import _repository  # noqa: F401  puts the repository on the path
import numpy as np
from _labelled_frames import (
    Classes,
    Frames,
    LabelledFrame,
    Tracks,
    read_coco,
    read_labelme,
    read_pairs,
    read_panoptic,
    without_instances_of_stuff,
)
from _video_writers import WRITERS
from frames_to_kitti_step import add_clip_options, shrink
from tqdm import tqdm

from knet.labels import LabelSpace, get_label_space
from knet.layouts.images import read_rgb_image
from knet.layouts.label_checks import check_classes, check_size
from knet.utils.cli import ToolParser, UsageError, add_debug_option, add_label_space_option, asked_label_space, run_tool

#: Label space of each layout.
_SPACES = {'kitti-step': 'kitti_step', 'vipseg': 'vipseg', 'youtube-vis': 'youtube_vis_2019'}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--coco', type=Path, metavar='FILE', help='json file in COCO form')
    source.add_argument('--labelme', type=Path, metavar='FOLDER', help='folder of json files of labelme')
    source.add_argument('--pairs', type=Path, nargs=2, metavar=('CLASSES', 'INSTANCES'), help='folders of gray PNGs')
    source.add_argument('--panoptic', type=Path, metavar='FOLDER', help='folder of RGB label maps')
    parser.add_argument('--images', type=Path, required=True, help='folder of the images, JPEG or PNG')
    parser.add_argument('--layout', choices=sorted(WRITERS), default='kitti-step', help='default: %(default)s')
    add_clip_options(parser)
    add_label_space_option(parser, 'those of the layout')
    parser.add_argument('--void', nargs='+', default=[], metavar='NAME', help='names of labels that become void')
    add_debug_option(parser)
    return parser.parse_args()


def read_frames(args: argparse.Namespace, classes: Classes, tracks: Tracks) -> Frames:
    """Return the labelled frames of the source by number."""
    if args.coco:
        return read_coco(args.coco, args.images, classes, tracks)
    if args.labelme:
        return read_labelme(args.labelme, args.images, classes, tracks)
    if args.pairs:
        return read_pairs(args.pairs[0], args.pairs[1], args.images)
    return read_panoptic(args.panoptic, args.images)


def wanted_frames(args: argparse.Namespace, frames: Frames) -> Dict[str, Tuple[int, ...]]:
    """Return the numbers of the frames of each split.

    Raises:
        UsageError: If there are none, a frame is in both splits, or the source lacks one.
    """
    splits = {
        split: tuple(sorted(set(numbers))) for split, numbers in (('train', args.train), ('val', args.val)) if numbers
    }
    if not splits:
        raise UsageError('nothing to do: give --train and/or --val')
    shared = sorted(set(args.train) & set(args.val))
    if shared:
        raise UsageError(f'frames {shared[:5]} are in both --train and --val; a frame belongs to one split')
    missing = sorted({*args.train, *args.val} - set(frames))
    if missing:
        raise UsageError(
            f'{len(missing)} frames are not labelled, the first are {missing[:5]}; there are {len(frames)} from '
            f'{min(frames, default=0)} to {max(frames, default=0)}'
        )
    return splits


def read(frame: LabelledFrame, space: LabelSpace) -> Tuple[np.ndarray, np.ndarray]:
    """Return the image, (H, W, 3) uint8 RGB, and the id map of a frame, checked against each other."""
    image, id_map = read_rgb_image(frame.image), frame.read()
    check_size(id_map, (image.shape[0], image.shape[1]), frame.label, frame.image)
    check_classes(id_map, space, frame.label)
    return image, id_map


def main() -> None:
    """Check that everything is there, then convert frame by frame."""
    args = parse_args()
    if args.height is not None and args.height < 16:
        raise UsageError(f'--height must be at least 16, got {args.height}')
    space = asked_label_space(args) or get_label_space(_SPACES[args.layout])
    tracks = Tracks()
    frames = read_frames(args, Classes(space, args.void), tracks)
    splits = wanted_frames(args, frames)
    writers = {
        split: WRITERS[args.layout](args.dst, split, args.video, space, len(numbers))
        for split, numbers in splits.items()
    }
    for split, numbers in splits.items():
        for number in tqdm(numbers, unit='frame', desc=split, disable=None):
            image, id_map = read(frames[number], space)
            image, id_map = shrink(image, id_map, args.height)
            semantic, instance = without_instances_of_stuff(id_map, space)
            writers[split].write(number, image, semantic, instance)
        writers[split].close()
    print(f'{args.dst}: ' + ' and '.join(f'{len(numbers)} frames for {split}' for split, numbers in splits.items()))
    if tracks.unknown:
        print(f'note: {tracks.unknown} things have no track; each is an object of one frame only')


if __name__ == '__main__':
    run_tool(main)
