"""Make Cityscapes' label maps in train ids of the polygons.

For every ``*_gtFine_polygons.json`` below CITYSCAPES/gtFine:

- ``*_gtFine_labelTrainIds.png``: 8 bit, train ids, 255 = void,
- ``*_gtFine_instanceTrainIds.png``: 16 bit, 1000 * train id + k for instance k, else the train id.

The same pixels as those of the cityscapesscripts package, which is not needed:

    python tools/dataset/cityscapes_instance_idmap.py data/cityscapes --nproc 8
"""

import argparse
import os
import os.path as osp
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import _repository  # noqa: F401  puts the repository on the path
import numpy as np
from _parallel import run_parallel
from PIL import Image, ImageDraw

from knet.labels.cityscapes_ids import LABELS
from knet.layouts.cityscapes import EXPECTED, FINE, POLYGONS, TRAIN_IDS, instance_value
from knet.utils.cli import ToolParser, UsageError, add_converter_options, run_tool
from knet.utils.io import read_json, write_png_atomic

VOID = 255
_LABELS = {label.name: label for label in LABELS}
# Coarse labels (gtCoarse) have other names in front of these endings.
_POLYGONS, *_MAPS = (ending[len(FINE) :] for ending in (POLYGONS, *TRAIN_IDS))


class Job(NamedTuple):
    """One image: its polygons, and its maps without their endings."""

    source: str
    target: str

    @property
    def is_done(self) -> bool:
        """Whether both maps lie there, not older than the polygons."""
        age = osp.getmtime(self.source)
        return all(osp.isfile(self.target + end) and osp.getmtime(self.target + end) >= age for end in _MAPS)


def draw_maps(annotation: Dict[str, Any], path: str) -> Tuple[np.ndarray, np.ndarray]:
    """Paint the polygons of an image, later ones over earlier ones.

    Args:
        annotation: Content of a polygon file.
        path: Its path, for messages.

    Returns:
        (H, W) uint8 train ids and (H, W) uint16 instance train ids.

    Raises:
        ValueError: If a label is unknown or the file is no polygon file.
    """
    try:
        size, objects = (annotation['imgWidth'], annotation['imgHeight']), annotation['objects']
    except (KeyError, TypeError) as error:
        raise ValueError(f'{path}: no imgWidth, imgHeight and objects; this is no polygon file.') from error
    semantic, instance = Image.new('L', size, VOID), Image.new('I', size, VOID)
    pens = ImageDraw.Draw(semantic), ImageDraw.Draw(instance)
    counts: Counter = Counter()
    for item in objects:
        if item.get('deleted'):
            continue
        # "cargroup" is a crowd of cars, but "polegroup" a label of its own.
        is_group = item['label'] not in _LABELS and item['label'].endswith('group')
        label = _LABELS.get(item['label'][: -len('group')] if is_group else item['label'])
        if label is None:
            raise ValueError(f'{path}: unknown label {item["label"]!r}. Unpack the file again.')
        if label.id < 0:
            continue
        value = label.train_id
        if label.has_instances and not is_group and value != VOID:
            value = instance_value(value, counts[label.name])
            counts[label.name] += 1
        polygon = [tuple(point) for point in item['polygon']]
        pens[0].polygon(polygon, fill=label.train_id)
        pens[1].polygon(polygon, fill=value)
    return np.asarray(semantic), np.asarray(instance).astype(np.uint16)


def convert(job: Job) -> None:
    """Write the two maps of an image."""
    annotation = read_json(job.source, what='polygon file', remedy='Unpack it again.')
    for ending, array in zip(_MAPS, draw_maps(annotation, job.source)):
        write_png_atomic(job.target + ending, array)


def plan(folder: str, out_dir: str) -> List[Job]:
    """List the images with polygons below a folder.

    Raises:
        UsageError: If there are none.
    """
    sources = sorted(Path(folder).rglob('[!.]*' + _POLYGONS))
    if not sources:
        raise UsageError(f'{folder}: no *{_POLYGONS} below it. Unpack gtFine_trainvaltest there.')
    return [Job(str(path), osp.join(out_dir, osp.relpath(str(path), folder))[: -len(_POLYGONS)]) for path in sources]


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('cityscapes', nargs='?', help='folder of Cityscapes; the same as --src')
    parser.add_argument('--gt-dir', default='gtFine', help='folder of the polygons inside of it (default: %(default)s)')
    add_converter_options(parser, 'data/cityscapes')
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    folder = osp.join(args.cityscapes or args.src, args.gt_dir)
    jobs = plan(folder, args.dst or folder)
    todo = [job for job in jobs if not job.is_done]
    print(f'{len(jobs)} images with polygons, {len(jobs) - len(todo)} were converted already')
    if not args.dry_run:
        run_parallel(convert, todo, args.nproc, 'label maps')
        for split, count in sorted(Counter(osp.relpath(job.source, folder).split(os.sep)[0] for job in jobs).items()):
            note = f' (the release has {EXPECTED[split]})' if count != EXPECTED.get(split, count) else ''
            print(f'{split}: {count} images are complete{note}')
    return 0


if __name__ == '__main__':
    run_tool(main)
