"""Resize VIPSeg so that the short side of every frame is 720 pixels, as training and the published scores have it.

    python tools/dataset/vipseg_resize_720p.py --src downloads/VIPSeg --out-dir data/VIPSeg

Reads imgs/<video>/*.jpg (or images/), panomasks/<video>/*.png and {train,val,test}.txt.
Frames that have the size already are copied or linked. A run that was stopped
goes on where it was.

change2_720p.py of the VIPSeg-Dataset project makes the height 720 pixels, whichever side is short, and cuts the width
off: 1080x1920 (width x height) becomes 405x720 there and 720x1280 here, 1366x768 becomes 1280x720 there and 1281x720
here. Predictions of one of the two do not fit label maps of the other. Its folder VIPSeg_720P needs no resizing: put
the txt files beside its images/ and panomasks/, and use it as it is.
"""

import argparse
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple

import _repository  # noqa: F401  puts the repository on the path
import cv2
import numpy as np
from _placing import Item, add_splits_option, converter_parser, count_done, place, report_problems

from knet.evaluation.cli import positive
from knet.labels import VIPSEG, LabelSpace
from knet.layouts.files import list_video, read_video_list
from knet.layouts.vipseg import image_folder, mask_folder, read_vipseg_panoptic
from knet.utils.cli import UsageError, add_label_space_option, asked_label_space, run_tool
from knet.utils.io import read_jpeg, read_png, write_jpeg_atomic, write_png_atomic
from knet.utils.lifetime import end_with_parent

#: Videos of the release.
EXPECTED = dict(train=2806, val=343, test=387)


class Frame(NamedTuple):
    """A frame to resize: paths below the data roots; ``mask`` is None where the release has no labels."""

    image: Path
    mask: Optional[Path]


def in_release(source: Path, image: Path) -> Path:
    """Return a frame, or the folder of a video, in the release, which says ``imgs`` instead of ``images``."""
    path = source / image
    return path if path.exists() else source.joinpath('imgs', *image.parts[1:])


def plan_video(source: Path, video: str, split: str) -> Tuple[List[Frame], List[str]]:
    """Return the frames of a video, and what is missing."""
    try:
        images = list_video(in_release(source, image_folder('', video)), '.jpg')
        masks = {} if split == 'test' else {p.stem: p.name for p in list_video(mask_folder(source, video), '.png')}
    except (OSError, ValueError) as error:
        return [], [f'{split}: {error}']
    stems = {path.stem for path in images}
    problems = [
        f'{split} video {video}: {what} {min(lacking)} ({len(lacking)} in all)'
        for what, lacking in (
            ('no label map for image', stems - masks.keys() if split != 'test' else set()),
            ('no image for label map', masks.keys() - stems),
        )
        if lacking
    ]
    frames = [
        Frame(
            image_folder('', video) / path.name,
            mask_folder('', video) / masks[path.stem] if path.stem in masks else None,
        )
        for path in images
    ]
    return frames, problems


def new_size(shape: Tuple[int, ...], short: int) -> Tuple[int, int]:
    """(width, height) with ``short`` pixels on the short side, aspect kept."""
    scale = short / min(shape[:2])
    return int(shape[1] * scale + 0.5), int(shape[0] * scale + 0.5)


def resize_frame(
    frame: Frame, source: Path, destination: Path, short: int, mode: str, label_space: LabelSpace = VIPSEG
) -> bool:
    """Write image and label map of a frame unless they are there.

    Returns:
        Whether something had to be done.

    Raises:
        ValueError: If a file is damaged, its values mean nothing, or image and
            label map differ in size.
    """
    parts = [part for part in frame if part is not None]
    if all((destination / part).is_file() for part in parts):
        return False
    picture = in_release(source, frame.image)
    image = read_jpeg(picture)
    if frame.mask is not None:
        read_vipseg_panoptic(source / frame.mask, label_space)
        mask = read_png(source / frame.mask)
        if mask.shape != image.shape[:2]:
            raise ValueError(
                f'{source / frame.mask}: {mask.shape[1]}x{mask.shape[0]}, but its image '
                f'{picture} is {image.shape[1]}x{image.shape[0]}'
            )
    size = new_size(image.shape, short)
    if size == image.shape[1::-1]:
        # Every part has to be placed, so the list is complete before any() looks at it.
        placed = [
            place(Item(str(picture if part == frame.image else source / part), str(destination / part)), mode)
            for part in parts
        ]
        return any(placed)
    # Averaging avoids the moire that skipping pixels makes.
    way = cv2.INTER_AREA if short < min(image.shape[:2]) else cv2.INTER_LINEAR
    if frame.mask is not None:
        write_png_atomic(destination / frame.mask, cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST))
    write_jpeg_atomic(destination / frame.image, cv2.resize(np.ascontiguousarray(image), size, interpolation=way))
    return True


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = converter_parser(__doc__, 'data/VIPSeg', modes=('copy', 'link'))
    parser.add_argument('--src', type=Path, required=True, help='folder with imgs/, panomasks/ and the txt files')
    add_splits_option(parser, EXPECTED, ['train', 'val'], 'what to resize; test may lack label maps')
    parser.add_argument('--size', type=positive, default=720, help='short side in pixels (default: %(default)s)')
    add_label_space_option(parser, 'those of VIPSeg')
    parser.add_argument('--nproc', type=positive, default=1, help='processes (default: %(default)s)')
    return parser.parse_args(argv)


def check_destination(args: argparse.Namespace) -> Path:
    """File that says which size the destination has; sizes must not mix.

    Raises:
        UsageError: If source and destination are one folder, or the
            destination has another size.
    """
    note = Path(args.dst) / 'short_side.txt'
    if args.src.resolve() == Path(args.dst).resolve():
        raise UsageError(f'--src and --out-dir are both {args.src}; the originals would be overwritten')
    if note.is_file() and note.read_text().strip() != str(args.size):
        raise UsageError(
            f'{args.dst} holds frames with a short side of {note.read_text().strip()} pixels, not '
            f'{args.size}; choose another --out-dir or remove it'
        )
    return note


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    note = check_destination(args)
    frames, problems = [], []
    for split in args.splits:
        videos = read_video_list(args.src, split)
        plans = [plan_video(args.src, video, split) for video in videos]
        found = [frame for plan, _ in plans for frame in plan]
        print(f'{split:5s}  {len(videos):5d} videos ({EXPECTED[split]} in the release), {len(found):6d} frames')
        problems += [problem for _, some in plans for problem in some]
        frames += found
    if not report_problems(problems, args.partial):
        return 1
    if args.dry_run:
        return 0
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(f'{args.size}\n')
    job = partial(
        resize_frame,
        source=args.src,
        destination=Path(args.dst),
        short=args.size,
        mode=args.mode,
        label_space=asked_label_space(args) or VIPSEG,
    )
    if args.nproc > 1:
        with get_context('spawn').Pool(args.nproc, end_with_parent) as pool:
            count_done('VIPSeg', pool.imap(job, frames, chunksize=4), len(frames), 'frame')
    else:
        count_done('VIPSeg', map(job, frames), len(frames), 'frame')
    for split in args.splits:
        place(Item(str(args.src / f'{split}.txt'), str(Path(args.dst) / f'{split}.txt')), 'copy')
    return 0


if __name__ == '__main__':
    run_tool(main)
