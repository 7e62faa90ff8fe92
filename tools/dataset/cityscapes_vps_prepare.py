"""Make the panoptic maps of the training part of Cityscapes-VPS from the files of the release.

    python tools/dataset/cityscapes_vps_prepare.py --src downloads/cityscapes_vps --out-dir data/cityscapes_vps

The release labels training frames with class maps (train/labelmap) and instance
masks (instances_train_city_vps_rle.json), validation frames with panoptic maps.
This tool gives training frames the form of validation frames,
train/panoptic_video and panoptic_gt_train_city_vps.json, and places everything
else as it is. --src and --out-dir may be one folder.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import _repository  # noqa: F401  puts the repository on the path
import numpy as np
from _placing import Item, add_splits_option, converter_parser, count_done, place, report_problems
from pycocotools import mask as coco
from tqdm import tqdm

from knet.labels import CITYSCAPES_PANOPTIC
from knet.layouts.cityscapes_vps import (
    TRAIN_INSTANCES,
    CityscapesVPSGroundTruth,
    category_list,
    image_id,
    json_file,
    label_folder,
    label_name,
    parse_name,
    read_document,
)
from knet.layouts.images import read_gray
from knet.layouts.masks import read_mask
from knet.layouts.segments import encode_segments
from knet.utils.cli import run_tool
from knet.utils.io import write_json_atomic, write_png_atomic
from knet.utils.paths import check_name

#: What is placed as it is, by split.
PLACED = dict(train=('train/img',), val=('val/img', 'val/img_all', 'val/panoptic_video'))
#: Labelled frames of the release.
EXPECTED = dict(train=2400, val=300)


class TrainFrame(NamedTuple):
    """A training frame: its entry in the JSON file and its instances."""

    image: Dict[str, Any]
    instances: List[Dict[str, Any]]


def plan_train(source: Path, problems: List[str]) -> List[TrainFrame]:
    """Training frames with their instances; adds to ``problems`` what is missing."""
    document = read_document(source / TRAIN_INSTANCES, 'images', 'annotations')
    of_image: Dict[Any, List[Dict[str, Any]]] = {image['id']: [] for image in document['images']}
    for annotation in document['annotations']:
        if 'inst_id' not in annotation or annotation['image_id'] not in of_image:
            raise ValueError(
                f'{source / TRAIN_INSTANCES}: annotation {annotation.get("id")} has no inst_id or no image; '
                'take the file of the release'
            )
        of_image[annotation['image_id']].append(annotation)
    for image in document['images']:
        parse_name(check_name(image['file_name'], source / TRAIN_INSTANCES))
        for part, name in (('img', image['file_name']), ('labelmap', label_name(image['file_name']))):
            if not (source / 'train' / part / name).is_file():
                problems.append(f'train: no {source / "train" / part / name}')
    return [
        TrainFrame(image, of_image[image['id']])
        for image in document['images']
        if (source / 'train' / 'labelmap' / label_name(image['file_name'])).is_file()
    ]


def combine(frame: TrainFrame, source: Path) -> Dict[str, np.ndarray]:
    """Class and instance map of a training frame.

    Raises:
        ValueError: If a mask differs from the class map in size, or a category
            or class is unknown.
    """
    path = source / 'train' / 'labelmap' / label_name(frame.image['file_name'])
    semantic, space = read_gray(path).astype(np.uint8), CITYSCAPES_PANOPTIC
    unexpected = np.setdiff1d(semantic, [*space.dataset_ids, space.void])
    if len(unexpected):
        raise ValueError(f'{path}: class {unexpected[0]} found; train ids are 0..18 and 255')
    instance = np.zeros(semantic.shape, dtype=np.int32)
    for annotation in frame.instances:
        category = annotation['category_id']
        if category not in space.thing_ids:
            raise ValueError(
                f'{source / TRAIN_INSTANCES}: annotation {annotation["id"]} has category {category}; '
                f'things have their train id, one of {space.thing_ids}'
            )
        name = f'{source / TRAIN_INSTANCES}: the mask of annotation {annotation["id"]} ({path})'
        rle = read_mask(annotation['segmentation'], semantic.shape, name)
        if rle is None:
            continue
        mask = coco.decode(rle).view(bool)
        # Crowds stay instance 0 of their class.
        semantic[mask], instance[mask] = category, 0 if annotation.get('iscrowd') else annotation['inst_id']
    return dict(semantic=semantic, instance=instance)


def number_instances(frames: List[TrainFrame]) -> None:
    """Count the instances of each video from 1, so that they fit into 16 bits whatever the release numbers."""
    numbers: Dict[int, Dict[Any, int]] = {}
    for frame in frames:
        known = numbers.setdefault(parse_name(frame.image['file_name'])[0], {})
        for annotation in frame.instances:
            annotation['inst_id'] = known.setdefault(annotation['inst_id'], len(known) + 1)


def convert_train(frames: List[TrainFrame], source: Path, destination: Path) -> None:
    """Write the panoptic maps, and last the JSON file, which says that all are there."""
    number_instances(frames)
    annotations = []
    for frame in tqdm(frames, desc='train labels', unit='frame', mininterval=1):
        name = frame.image['file_name']
        rgb, segments = encode_segments(**combine(frame, source), label_space=CITYSCAPES_PANOPTIC, crowd=True)
        write_png_atomic(label_folder(destination, 'train') / label_name(name), rgb)
        annotations.append(dict(image_id=image_id(name), file_name=label_name(name), segments_info=segments))
    write_json_atomic(
        json_file(destination, 'train'),
        dict(images=[frame.image for frame in frames], annotations=annotations, categories=category_list()),
    )


def plan_files(source: Path, destination: Path, split: str, problems: List[str]) -> List[Item]:
    """Files of a split that are placed as they are."""
    paths = [path for folder in PLACED[split] for path in sorted((source / folder).glob('[!.]*.png'))]
    problems += [
        f'{split}: no files in {source / folder}'
        for folder in PLACED[split]
        if not any((source / folder).glob('[!.]*.png'))
    ]
    if split == 'val':
        paths.append(json_file(source, 'val'))
        if not paths[-1].is_file():
            problems.append(f'val: no {paths[-1]}')
    return [Item(str(path), str(destination / path.relative_to(source))) for path in paths]


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = converter_parser(__doc__, 'data/cityscapes_vps', modes=('copy', 'link'))
    parser.add_argument('--src', type=Path, required=True, help='folder with the unpacked release')
    add_splits_option(parser, PLACED, PLACED, 'what to prepare')
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    destination = Path(args.dst)
    problems: List[str] = []
    items = {split: plan_files(args.src, destination, split, problems) for split in args.splits}
    frames = plan_train(args.src, problems) if 'train' in args.splits else []
    for split in args.splits:
        count = len(frames) if split == 'train' else sum('/panoptic_video/' in item.target for item in items[split])
        print(f'{split:5s}  {count:5d} labelled frames ({EXPECTED[split]} in the release), {len(items[split])} files')
    if not report_problems(problems, args.partial):
        return 1
    if args.dry_run:
        return 0
    if args.src.resolve() != destination.resolve():
        for split in args.splits:
            count_done(split, map(partial(place, mode=args.mode), items[split]), len(items[split]))
    if frames and not json_file(destination, 'train').is_file():
        convert_train(frames, args.src, destination)
    for split in args.splits:
        truth = CityscapesVPSGroundTruth(destination, split)
        print(
            f'{split:5s}  checked: {sum(len(truth.frames(v)) for v in truth.videos())} labelled frames of '
            f'{len(truth.videos())} videos'
        )
    return 0


if __name__ == '__main__':
    run_tool(main)
