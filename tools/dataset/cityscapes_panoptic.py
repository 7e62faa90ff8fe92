"""Make the json files of Cityscapes panoptic, in COCO's form, of the instance ids.

Reads ``gtFine/<split>/<city>/*_gtFine_instanceIds.png`` below --src and writes below --out-dir

- ``annotations/instancesonly_filtered_gtFine_<split>.json``: the 8 classes of things,
- ``annotations/cityscapes_panoptic_<split>.json`` and ``gtFine/cityscapes_panoptic_<split>/*.png``.

Category ids are label ids (24..33 for things), as in the files of the benchmark. Training also needs the
``*_labelTrainIds.png`` of cityscapes_instance_idmap.py.

    python tools/dataset/cityscapes_panoptic.py --src data/cityscapes
"""

import argparse
import os
import os.path as osp
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import _repository  # noqa: F401  puts the repository on the path
import cv2
import numpy as np
from _parallel import run_parallel

from knet.labels import CITYSCAPES_PANOPTIC
from knet.labels.cityscapes_ids import LABELS
from knet.layouts.cityscapes import (
    EXPECTED,
    IMAGE,
    INSTANCE_IDS,
    PANOPTIC,
    TRAIN_IDS,
    class_of,
    image_folder,
    json_files,
    label_folder,
    panoptic_folder,
)
from knet.layouts.coco import encode_mask, ids_to_rgb
from knet.layouts.files import list_files
from knet.utils.cli import ToolParser, UsageError, add_converter_options, add_splits_option, run_tool
from knet.utils.io import read_png, write_json_atomic, write_png_atomic

EVALUATED = {label.id: label for label in LABELS if 0 <= label.train_id < 255}
_STUFF = TRAIN_IDS[0]


class Job(NamedTuple):
    """One image: folder of Cityscapes, split, city, stem, and where the panoptic PNG goes."""

    root: str
    split: str
    city: str
    stem: str
    target: str

    def label(self, ending: str) -> str:
        """Path of a label file."""
        return osp.join(label_folder(self.root, self.split), self.city, self.stem + ending)

    @property
    def image(self) -> str:
        """Path of the image."""
        return osp.join(image_folder(self.root, self.split), self.city, self.stem + IMAGE)


def categories(things_only: bool) -> List[Dict[str, Any]]:
    """Return the ``categories`` of a json file."""
    infos = {info.dataset_id: info for info in CITYSCAPES_PANOPTIC.classes}
    return [
        dict(
            id=label.id,
            name=label.name,
            supercategory=label.name,
            isthing=int(label.has_instances),
            color=list(infos[label.train_id].colour),
        )
        for label in EVALUATED.values()
        if label.has_instances or not things_only
    ]


def segments_of(ids: np.ndarray, path: str) -> List[Dict[str, Any]]:
    """Segments of an image; ids below 1000 are stuff or groups of things.

    Args:
        ids: (H, W) integers, the label id or 1000 * label id + k.
        path: The file, for messages.

    Returns:
        Dicts as in the ``segments_info`` of COCO; labels that are not
        evaluated are left out.
    """
    segments = []
    for value in np.unique(ids).tolist():
        label_id = class_of(value)
        if not 0 <= label_id < len(LABELS) - 1:
            raise ValueError(f'{path}: {value} is no instance id of Cityscapes. Unpack gtFine_trainvaltest again.')
        label = EVALUATED.get(label_id)
        if label is None:
            continue
        mask = (ids == value).astype(np.uint8)
        segments.append(
            dict(
                id=value,
                category_id=label_id,
                area=int(cv2.countNonZero(mask)),
                bbox=list(cv2.boundingRect(mask)),
                iscrowd=int(label.has_instances and value == label_id),
            )
        )
    return segments


def convert(job: Job) -> Tuple[Dict[str, Any], List[Dict[str, Any]], List[Dict[str, Any]]]:
    """Write the panoptic PNG of an image; return its size, its segments and its instances."""
    path = job.label(INSTANCE_IDS)
    ids = read_png(path).astype(np.int32)
    if ids.ndim != 2:
        raise ValueError(f'{path}: expected a single-channel PNG, found shape {ids.shape}. Unpack it again.')
    segments = segments_of(ids, path)
    kept = np.isin(ids, [segment['id'] for segment in segments])
    write_png_atomic(job.target, ids_to_rgb(np.where(kept, ids, 0)))
    instances = [
        dict(segment, segmentation=encode_mask(ids == segment['id']))
        for segment in segments
        if EVALUATED[segment['category_id']].has_instances
    ]
    return dict(height=ids.shape[0], width=ids.shape[1]), segments, instances


def plan_split(root: str, destination: str, split: str) -> List[Job]:
    """List the annotated images of a split.

    Raises:
        UsageError: If there are none.
    """
    folder = label_folder(root, split)
    cities = sorted(os.listdir(folder)) if osp.isdir(folder) else []
    target = panoptic_folder(destination, split)
    jobs = [
        Job(root, split, city, name[: -len(INSTANCE_IDS)], osp.join(target, name[: -len(INSTANCE_IDS)] + PANOPTIC))
        for city in cities
        if osp.isdir(osp.join(folder, city))
        for name in list_files(osp.join(folder, city), INSTANCE_IDS)
    ]
    if not jobs:
        raise UsageError(f'{folder}: no <city>/*{INSTANCE_IDS} in it. Unpack gtFine_trainvaltest below --src.')
    return jobs


def is_done(jobs: Sequence[Job], destination: str, split: str) -> bool:
    """Return whether the files of a split exist and are not older than what they are made of."""
    files = [*json_files(destination, split), *(job.target for job in jobs)]
    if not all(osp.isfile(path) for path in files):
        return False
    age = max(osp.getmtime(job.label(INSTANCE_IDS)) for job in jobs)
    return all(osp.getmtime(path) >= age for path in files)


def write_split(jobs: Sequence[Job], destination: str, split: str, nproc: int) -> int:
    """Convert a split; return the number of instances."""
    instance_images: List[Dict[str, Any]] = []
    panoptic_images: List[Dict[str, Any]] = []
    instances: List[Dict[str, Any]] = []
    panoptic: List[Dict[str, Any]] = []
    for number, (job, (size, segments, things)) in enumerate(zip(jobs, run_parallel(convert, jobs, nproc, split))):
        instance_images.append(
            dict(size, id=number, file_name=f'{job.city}/{job.stem}{IMAGE}', segm_file=f'{job.city}/{job.stem}{_STUFF}')
        )
        instances += [dict(thing, id=len(instances) + i, image_id=number) for i, thing in enumerate(things)]
        panoptic_images.append(dict(size, id=job.stem, file_name=f'{job.stem}{IMAGE}'))
        panoptic.append(dict(image_id=job.stem, file_name=osp.basename(job.target), segments_info=segments))
    instance_file, panoptic_file = json_files(destination, split)
    write_json_atomic(
        instance_file,
        dict(images=instance_images, annotations=instances, categories=categories(things_only=True)),
        indent=None,
    )
    write_json_atomic(
        panoptic_file,
        dict(images=panoptic_images, annotations=panoptic, categories=categories(things_only=False)),
        indent=None,
    )
    return len(instances)


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    add_splits_option(parser, ['train', 'val'])
    add_converter_options(parser, 'data/cityscapes')
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    plans = {split: plan_split(args.src, args.dst or args.src, split) for split in args.splits}
    problems = []
    for split, jobs in plans.items():
        print(
            f'{split}: {len(jobs)} images'
            + (f' (the release has {EXPECTED[split]})' if len(jobs) != EXPECTED.get(split, len(jobs)) else '')
        )
        for what, paths, remedy in (
            ('images', [job.image for job in jobs], 'unpack leftImg8bit_trainvaltest below --src'),
            ('label maps', [job.label(_STUFF) for job in jobs], 'run cityscapes_instance_idmap.py first'),
        ):
            missing = [path for path in paths if not osp.isfile(path)]
            if missing:
                problems.append(f'{split}: {len(missing)} {what}, the first is {missing[0]}; {remedy}')
    for problem in problems:
        print(f'missing: {problem}', file=sys.stderr)
    if problems:
        print('error: the data are incomplete, nothing was changed.', file=sys.stderr)
        return 1
    destination = args.dst or args.src
    for split, jobs in plans.items() if not args.dry_run else ():
        if is_done(jobs, destination, split):
            print(f'{split}: was converted already')
            continue
        count = write_split(jobs, destination, split, args.nproc)
        present = sum(osp.isfile(job.target) for job in jobs)
        print(f'{split}: {present} of {len(jobs)} panoptic PNGs are complete, {count} instances')
    return 0


if __name__ == '__main__':
    run_tool(main)
