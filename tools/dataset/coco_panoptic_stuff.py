"""Make COCO's maps of stuff, which panoptic models learn from, of the panoptic annotations.

Reads ``annotations/panoptic_<split>.json`` and ``panoptic_<split>/*.png`` below --src and writes
``panoptic_stuff_<split>/*.png`` below --out-dir: 0 = thing, 1..53 = stuff in ascending category id, 255 = void.

    python tools/dataset/coco_panoptic_stuff.py --src data/coco
    python tools/dataset/coco_panoptic_stuff.py --src data/own --split train --label-space own_classes.json
"""

import argparse
import os.path as osp
import sys
from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Sequence

import _repository  # noqa: F401  puts the repository on the path
from _parallel import run_parallel

from knet.labels import COCO_PANOPTIC, LabelSpace
from knet.layouts.coco import (
    json_file,
    match_categories,
    panoptic_folder,
    png_name,
    read_annotations,
    stuff_folder,
    stuff_values,
)
from knet.layouts.entries import check_entries
from knet.layouts.id_maps import ID_SHIFT, split_id_map
from knet.layouts.segments import check_panoptic, read_segments
from knet.utils.cli import (
    ToolParser,
    add_converter_options,
    add_label_space_option,
    add_splits_option,
    asked_label_space,
    run_tool,
)
from knet.utils.io import write_png_atomic
from knet.utils.paths import check_name

VOID = 255


class Job(NamedTuple):
    """One map: the panoptic PNG, where the map goes, and the value of every segment."""

    source: str
    target: str
    values: Dict[int, int]

    @property
    def is_done(self) -> bool:
        """Whether a map lies there that is not older than its source."""
        return osp.isfile(self.target) and osp.getmtime(self.target) >= osp.getmtime(self.source)


def plan_split(source: str, destination: str, split: str, label_space: LabelSpace) -> List[Job]:
    """List the maps of a split.

    Raises:
        FileNotFoundError: If the json file is missing.
        ValueError: If it is damaged or has other categories.
    """
    path = json_file(source, 'panoptic', split)
    data = read_annotations(path, ('annotations', 'categories'), ('images',))
    category_of = match_categories(data['categories'], label_space.classes, path, label_space.left_out)
    values = {category['id']: VOID for category in data['categories']}
    values.update({category_of[dataset_id]: value for dataset_id, value in stuff_values(label_space).items()})
    check_panoptic(data, path)
    images = data.get('images') or []
    check_entries(dict(images=images), 'images', path, ('id', 'file_name'))
    name_of = {image['id']: image['file_name'] for image in images}
    jobs = []
    for ann in data['annotations']:
        # The data set looks for the name of the image.
        name = png_name(check_name(name_of.get(ann['image_id'], ann['file_name']), path))
        jobs.append(
            Job(
                osp.join(panoptic_folder(source, split), ann['file_name']),
                osp.join(stuff_folder(destination, split), name),
                {s['id']: values[s['category_id']] for s in ann['segments_info']},
            )
        )
    targets = Counter(job.target for job in jobs)
    repeated = [job.target for job in jobs if targets[job.target] > 1]
    if repeated:
        raise ValueError(f'{path}: two images would have the map {repeated[0]}. Give the images different names.')
    return jobs


def convert(job: Job) -> None:
    """Write one map."""
    codes = {segment: value << ID_SHIFT for segment, value in job.values.items()}
    write_png_atomic(job.target, split_id_map(read_segments(job.source, codes, VOID))[0])


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    add_splits_option(parser, ['train2017'], 'what to convert; only training needs maps of stuff')
    add_label_space_option(parser, 'those of COCO panoptic')
    add_converter_options(parser, 'data/coco')
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    space = asked_label_space(args) or COCO_PANOPTIC
    plans = {split: plan_split(args.src, args.dst or args.src, split, space) for split in args.splits}
    missing = [job.source for jobs in plans.values() for job in jobs if not osp.isfile(job.source)]
    for path in missing[:10]:
        print(f'missing: {path}', file=sys.stderr)
    if missing:
        print(
            f'error: {len(missing)} panoptic PNGs are missing, nothing was changed. Unpack the panoptic archives '
            'inside of the archive of annotations next to their json files.',
            file=sys.stderr,
        )
        return 1
    for split, jobs in plans.items():
        todo = [job for job in jobs if not job.is_done]
        print(f'{split}: {len(jobs)} maps, {len(jobs) - len(todo)} were there already')
        if args.dry_run:
            continue
        run_parallel(convert, todo, args.nproc, split)
        present = sum(job.is_done for job in jobs)
        print(f'{split}: {present} of {len(jobs)} maps are complete')
    return 0


if __name__ == '__main__':
    run_tool(main)
