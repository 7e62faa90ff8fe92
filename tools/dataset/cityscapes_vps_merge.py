"""Merge the labels of Cityscapes-VPS with the pictures and labels of Cityscapes, which the release leaves to its users.

    python tools/dataset/cityscapes_vps_merge.py --src downloads/cityscapes_vps --gt-path data/cityscapes/gtFine/val
        --sequences downloads/leftImg8bit_sequence/val --out-dir data/cityscapes_vps --mode link

The release (cityscapes-vps-dataset-1.0.zip) has json files and, per split, the folders cls (colours of classes) and
inst (ids of instances) for its own frames. This tool adds the frame of each clip that Cityscapes labels itself, places
the pictures, and makes the maps that the scripts of the VPSNet project make: train/labelmap, val/panoptic_video and
panoptic_gt_val_city_vps.json. Then cityscapes_vps_prepare.py does the rest.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import _repository  # noqa: F401  puts the repository on the path
import numpy as np
from _parallel import run_parallel
from _placing import Item, converter_parser, count_done, place, report_problems

from knet.evaluation.cli import positive
from knet.labels import CITYSCAPES_PANOPTIC
from knet.layouts.cityscapes_vps import (
    TRAIN_INSTANCES,
    category_list,
    clip_parser,
    json_file,
    label_folder,
    label_name,
    parse_name,
    read_document,
)
from knet.layouts.segments import encode_segments
from knet.utils.cli import run_tool
from knet.utils.io import read_png, write_json_atomic, write_png_atomic
from knet.utils.paths import check_name

_VOID = CITYSCAPES_PANOPTIC.void


class Frame(NamedTuple):
    """A labelled frame: its entry in the json file, its picture, and the PNGs of its classes and instances."""

    image: Dict[str, Any]
    picture: Path
    classes: Path
    instances: Path


def city_stem(name: str) -> str:
    """Return what Cityscapes calls a frame.

    >>> city_stem('0005_0028_frankfurt_000000_001751_leftImg8bit.png')
    'frankfurt_000000_001751'
    """
    return name.split('_', 2)[2].rsplit('_', 1)[0]


def plan_split(args: argparse.Namespace, split: str, problems: List[str]) -> List[Frame]:
    """List the labelled frames of a split; add to ``problems`` what is missing."""
    document = args.src / f'panoptic_im_{split}_city_vps.json'
    frames = []
    for image in read_document(document, 'images')['images']:
        name = check_name(image['file_name'], document)
        parse_name(name)
        stem = city_stem(name)
        city = stem.split('_')[0]
        if name.endswith('_leftImg8bit.png'):
            labels = [args.gt / city / f'{stem}_gtFine_{kind}.png' for kind in ('color', 'instanceIds')]
        else:
            # The ending of the names in inst is not that of cls in every copy.
            beginning = name.rsplit('_', 1)[0]
            found = [
                min((args.src / split / part).glob(f'{beginning}_*.png'), default=None) for part in ('cls', 'inst')
            ]
            labels = [path or args.src / split / part / label_name(name) for path, part in zip(found, ('cls', 'inst'))]
        frames.append(Frame(image, args.sequences / city / f'{stem}_leftImg8bit.png', *labels))
    missing = [path for frame in frames for path in frame[1:] if not path.is_file()]
    problems += [f'{split}: {len(missing)} files, the first is {missing[0]}'] if missing else []
    return frames


def plan_clips(args: argparse.Namespace, frames: List[Frame], problems: List[str]) -> List[Item]:
    """List all pictures of the validation clips.

    Raises:
        ValueError: If one lies in no clip.
    """
    document = args.src / 'im_all_info_val_city_vps.json'
    parse, items = clip_parser(frame.image['file_name'] for frame in frames), []
    for image in read_document(document, 'images')['images']:
        name = check_name(image['file_name'], document)
        parse(name)
        picture = args.sequences / name.split('_')[0] / name
        if not picture.is_file():
            problems.append(f'val: no {picture}')
        items.append(Item(str(picture), str(Path(args.dst, 'val', 'img_all', name))))
    return items


def read_labels(frame: Frame) -> Tuple[np.ndarray, np.ndarray]:
    """Read the labels of a frame.

    Returns:
        (H, W) uint8 train ids of the colours, and (H, W) uint16 ids of instances, 1000 and more for things.

    Raises:
        ValueError: If a file is damaged, has other channels, or the sizes differ.
    """
    colours, instances = read_png(frame.classes), read_png(frame.instances)
    if colours.ndim != 3 or instances.ndim != 2 or colours.shape[:2] != instances.shape:
        raise ValueError(
            f'{frame.classes}: shape {colours.shape}, and {instances.shape} of {frame.instances}; expected colours and '
            'ids of one size; take the files of the release again'
        )
    codes = colours[..., :3].astype(np.int32) @ np.array([1, 1 << 8, 1 << 16], dtype=np.int32)
    known = sorted(
        (r + (g << 8) + (b << 16), c.dataset_id) for c in CITYSCAPES_PANOPTIC.classes for r, g, b in [c.colour]
    )
    table = np.array(known, dtype=np.int64)
    position = np.searchsorted(table[:, 0], codes).clip(max=len(table) - 1)
    return np.where(table[position, 0] == codes, table[position, 1], _VOID).astype(np.uint8), instances


def panoptic(
    classes: np.ndarray, instances: np.ndarray, numbers: Dict[Tuple[int, int], int]
) -> Tuple[np.ndarray, np.ndarray]:
    """Return class and instance maps in which things without an instance are void, as in VPSNet's maps.

    Args:
        classes: (H, W) uint8 train ids.
        instances: (H, W) ids of instances; the class of one is that of most of its pixels.
        numbers: Number of every object of the video so far, from 1; new ones are added. As in VPSNet's script, ids of
            one class and of the same last three digits are one object, such as 24001 and 25001, both of persons.
    """
    present, inverse = np.unique(instances, return_inverse=True)
    inverse = inverse.reshape(instances.shape)
    votes = np.bincount((inverse.astype(np.int64) << 8 | classes).ravel(), minlength=len(present) << 8)
    elected = votes.reshape(len(present), 256).argmax(1)
    is_thing = CITYSCAPES_PANOPTIC.is_thing
    table = np.zeros(len(present), dtype=np.int32)
    for index, (value, class_id) in enumerate(zip(present.tolist(), elected.tolist())):
        if value >= 1000 and is_thing[class_id]:
            table[index] = numbers.setdefault((class_id, value % 1000), len(numbers) + 1)
    number = table[inverse]
    crowd = is_thing[classes] & (number == 0)
    semantic = np.where(number > 0, elected[inverse], np.where(crowd, _VOID, classes))
    return semantic.astype(np.uint8), number


def write_train(frame: Frame, destination: Path) -> None:
    """Write the class map of a training frame."""
    target = destination / 'train' / 'labelmap' / label_name(frame.image['file_name'])
    write_png_atomic(target, read_labels(frame)[0])


def write_clip(frames: List[Frame], destination: Path) -> List[Dict[str, Any]]:
    """Write the panoptic maps of the labelled frames of a validation clip; return their entries of the json file."""
    entries, numbers = [], {}  # type: ignore[var-annotated]
    for frame in frames:
        rgb, segments = encode_segments(*panoptic(*read_labels(frame), numbers), CITYSCAPES_PANOPTIC, crowd=True)
        name = label_name(frame.image['file_name'])
        write_png_atomic(label_folder(destination, 'val') / name, rgb)
        frame.image.update(height=rgb.shape[0], width=rgb.shape[1])
        entries.append(dict(image_id=frame.image['id'], file_name=name, segments_info=segments))
    return [dict(image=frame.image, annotation=entry) for frame, entry in zip(frames, entries)]


def write_val(frames: List[Frame], destination: Path, nproc: int) -> None:
    """Write the panoptic maps of the validation frames, and last the json file."""
    clips: Dict[int, List[Frame]] = {}
    for frame in sorted(frames, key=lambda frame: parse_name(frame.image['file_name'])):
        clips.setdefault(parse_name(frame.image['file_name'])[0], []).append(frame)
    made = run_parallel(partial(write_clip, destination=destination), list(clips.values()), nproc, 'val labels')
    entries = [entry for clip in made for entry in clip]
    write_json_atomic(
        json_file(destination, 'val'),
        dict(
            images=[entry['image'] for entry in entries],
            annotations=[entry['annotation'] for entry in entries],
            categories=category_list(),
        ),
    )


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = converter_parser(__doc__, 'data/cityscapes_vps', modes=('copy', 'link'))
    parser.add_argument(
        '--src', type=Path, required=True, help='folder with the unpacked release: json files, train, val'
    )
    parser.add_argument('--sequences', type=Path, required=True, help='leftImg8bit_sequence/val of Cityscapes')
    parser.add_argument('--gt-path', dest='gt', type=Path, required=True, help='gtFine/val of Cityscapes')
    parser.add_argument('--nproc', type=positive, default=1, help='processes (default: %(default)s)')
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    destination, problems = Path(args.dst), []  # type: ignore[var-annotated]
    frames = {split: plan_split(args, split, problems) for split in ('train', 'val')}
    items = plan_clips(args, frames['val'], problems)
    for split, found in frames.items():
        print(f'{split:5s}  {len(found):5d} labelled frames')
        items += [Item(str(f.picture), str(destination / split / 'img' / f.image['file_name'])) for f in found]
    items.append(Item(str(args.src / TRAIN_INSTANCES), str(destination / TRAIN_INSTANCES)))
    problems += [f'train: no {items[-1].source}'] if not (args.src / TRAIN_INSTANCES).is_file() else []
    if not report_problems(problems, args.partial):
        return 1
    if args.dry_run:
        return 0
    count_done('images', map(partial(place, mode=args.mode), items), len(items))
    run_parallel(partial(write_train, destination=destination), frames['train'], args.nproc, 'train labels')
    write_val(frames['val'], destination, args.nproc)
    return 0


if __name__ == '__main__':
    run_tool(main)
