r"""Turn one labelled clip into the KITTI-STEP layout, frame ranges by split.

    python tools/dataset/frames_to_kitti_step.py --images clip/images --panoptic clip/panoptic \\
        --out-dir data/clip --train 0-69 --val 70-100 --height 180

Images are FFFFFF.jpg or FFFFFF.png, labels FFFFFF.png with the class in R and
the track id in 256 * G + B. Frame numbers are kept. --label-space says which classes there are.
"""

import argparse
import re
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import _repository  # noqa: F401  puts the repository on the path
import cv2
import numpy as np
from tqdm import tqdm

from knet.labels import KITTI_STEP, LabelSpace
from knet.layouts.kitti_step import KittiStepGroundTruth as LAYOUT
from knet.layouts.kitti_step import file_name, split_folder
from knet.utils.cli import ToolParser, UsageError, add_debug_option, add_label_space_option, asked_label_space, run_tool
from knet.utils.io import read_picture, read_png, write_png_atomic

_RANGES = re.compile(r'\d+(-\d+)?(,\d+(-\d+)?)*')


def parse_ranges(text: str) -> List[int]:
    """Frame numbers of ``'0-69'`` or ``'0-9,20,30-39'``, both ends included."""
    if not _RANGES.fullmatch(text):
        raise argparse.ArgumentTypeError(f'{text!r} is no range of frames; write 0-69 or 0-9,20,30-39')
    frames: List[int] = []
    for part in text.split(','):
        first, _, last = part.partition('-')
        if int(last or first) < int(first):
            raise argparse.ArgumentTypeError(f'{part!r} ends before it starts')
        frames += range(int(first), int(last or first) + 1)
    return frames


def find_frames(folder: Path, suffixes: Tuple[str, ...]) -> Dict[int, Path]:
    """Files whose name is a frame number."""
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder')
    found = {int(p.stem): p for p in folder.iterdir() if p.suffix.lower() in suffixes and p.stem.isdigit()}
    if not found:
        raise FileNotFoundError(f'{folder}: no file named FFFFFF{suffixes[0]} in it')
    return found


def read_pair(image_path: Path, label_path: Path, space: LabelSpace) -> Tuple[np.ndarray, np.ndarray]:
    """Image and label map, (H, W, 3) uint8 RGB each, checked against each other."""
    image = read_picture(image_path)
    label = read_png(label_path)
    if label.ndim != 3 or label.shape[2] != 3 or label.dtype != np.uint8:
        raise ValueError(f'{label_path}: an 8-bit RGB label map is needed, got {label.dtype} {label.shape}')
    if label.shape != image.shape:
        raise ValueError(
            f'{label_path}: {label.shape[1]}x{label.shape[0]}, but {image_path} is {image.shape[1]}x{image.shape[0]}'
        )
    classes = np.unique(label[..., 0])
    known = {space.void, *(info.dataset_id for info in space.file_classes)}
    unknown = [int(c) for c in classes if int(c) not in known]
    if unknown:
        raise ValueError(f'{label_path}: unknown class ids {unknown}; {space.name} has {sorted(space.dataset_ids)}')
    return image, label


def shrink(image: np.ndarray, label: np.ndarray, height: Optional[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Scale both to a height; labels take the nearest value."""
    if height is None or height == image.shape[0]:
        return image, label
    size = (round(image.shape[1] * height / image.shape[0]), height)
    how = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_LINEAR
    return (
        cv2.resize(np.ascontiguousarray(image), size, interpolation=how),
        cv2.resize(label, size, interpolation=cv2.INTER_NEAREST),
    )


def add_clip_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where a clip goes, which frames, and how large."""
    parser.add_argument(
        '--out-dir', '-o', '--dst', dest='dst', type=Path, required=True, help='data set folder to write'
    )
    parser.add_argument('--train', type=parse_ranges, default=[], help='frames for training, e.g. 0-69')
    parser.add_argument('--val', type=parse_ranges, default=[], help='frames for validation, e.g. 70-100')
    parser.add_argument('--video', type=int, default=0, help='video number (default %(default)s)')
    parser.add_argument('--height', type=int, help='scale to this height, aspect kept')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--images', type=Path, required=True, help='folder of FFFFFF.jpg or FFFFFF.png')
    parser.add_argument('--panoptic', type=Path, required=True, help='folder of FFFFFF.png label maps')
    add_clip_options(parser)
    add_label_space_option(parser, 'those of KITTI-STEP')
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Check that everything is there, then convert frame by frame."""
    args = parse_args()
    if not args.train and not args.val:
        raise UsageError('nothing to do: give --train and/or --val')
    if args.height is not None and args.height < 16:
        raise UsageError(f'--height must be at least 16, got {args.height}')
    shared = sorted(set(args.train) & set(args.val))
    if shared:
        raise UsageError(f'frames {shared[:5]} are in both --train and --val; a frame belongs to one split')
    images, labels = find_frames(args.images, ('.jpg', '.jpeg', '.png')), find_frames(args.panoptic, ('.png',))
    for what, folder, found in (('image', args.images, images), ('label map', args.panoptic, labels)):
        missing = sorted(set(args.train + args.val) - set(found))
        if missing:
            raise FileNotFoundError(f'{folder}: no {what} for {len(missing)} frames, the first are {missing[:5]}')
    space = asked_label_space(args) or KITTI_STEP
    jobs = [('train', frame) for frame in args.train] + [('val', frame) for frame in args.val]
    for split, frame in tqdm(jobs, unit='frame', desc=args.dst.name, disable=None):
        image, label = shrink(*read_pair(images[frame], labels[frame], space), args.height)
        for ending, pixels in ((LAYOUT.image_ending, image), (LAYOUT.label_endings[0], label)):
            write_png_atomic(split_folder(args.dst, split) / file_name(args.video, frame, ending), pixels)
    print(f'{args.dst}: {len(args.train)} training and {len(args.val)} validation frames')


if __name__ == '__main__':
    run_tool(main)
