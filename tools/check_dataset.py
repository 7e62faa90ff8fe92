"""Check every file of a data set before a long training: images, label maps, json files, classes, sizes, masks.

    python tools/check_dataset.py CONFIG                              # all data of a config
    python tools/check_dataset.py CONFIG --parts train --nproc 16

Prints what the data show of every class, and one line for each problem; the exit status is 1 if there are any.
"""

import argparse
import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple, Type

import _root  # noqa: F401  puts the repository on the path
import numpy as np
from tqdm import tqdm

from knet.evaluation.cli import positive
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace, get_label_space
from knet.layouts.check import DataCheck, Finding, Progress, check_layout
from knet.layouts.check_json import Further, check_annotations
from knet.layouts.youtube_vis import LABEL_SPACES
from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.options import add_config_options, merge_options

if TYPE_CHECKING:
    from knet.datasets.coco_panoptic import CocoPanopticDatasetCustom

Settings = Dict[str, Any]
PARTS = ('train', 'val', 'test')


def single_data_sets(settings: Any) -> Iterator[Settings]:
    """Yield the settings of the data sets that wrappers, such as RepeatDataset, hold."""
    inner = settings if isinstance(settings, (list, tuple)) else settings.get('datasets', settings.get('dataset'))
    if inner is None:
        yield settings
    for one in inner if isinstance(inner, (list, tuple)) else [inner] if inner is not None else []:
        yield from single_data_sets(one)


def data_set_class(settings: Settings) -> Type:
    """Return the class of a data set.

    Raises:
        UsageError: If it is unknown, or of a kind that is not checked here.
    """
    from mmdet.datasets import DATASETS

    from knet.datasets.base import PanopticDataset
    from knet.datasets.coco import CocoInstanceDataset
    from knet_vis.datasets.coco_video_dataset import CocoVideoDataset

    found = DATASETS.get(settings.get('type', ''))
    if found is None or not issubclass(found, (PanopticDataset, CocoInstanceDataset, CocoVideoDataset)):
        raise UsageError(
            f'data set {settings.get("type")!r} cannot be checked; this tool knows the data sets of this project and '
            'classes derived from them. Name the module of yours in custom_imports of the config'
        )
    return found


def bar_of(title: str) -> Progress:
    """Return a function that shows a progress bar over findings."""
    return lambda findings, total: tqdm(findings, total=total, desc=title, unit='image', mininterval=1, disable=None)


def check(settings: Settings, test_mode: bool, nproc: int, progress: Progress) -> DataCheck:
    """Check one data set.

    Args:
        settings: Its part of the config.
        test_mode: Whether it is for inference.
        nproc: Number of images that are read at a time.
        progress: Wrapper of the findings, for a progress bar.
    """
    from knet.datasets.base import PanopticDataset

    kind = data_set_class(settings)
    root = Path(settings.get('data_root') or '').expanduser()
    if issubclass(kind, PanopticDataset):
        split = settings.get('split', 'train')
        space = get_label_space(settings.get('label_space') or kind.layout.label_space)
        labelled = not (test_mode and split == 'test')
        return check_layout(kind.layout, root, split, space, labelled, test_mode, nproc, progress)
    return _check_json(settings, kind, root, test_mode, nproc, progress)


def _check_json(
    settings: Settings, kind: Type, root: Path, test_mode: bool, nproc: int, progress: Progress
) -> DataCheck:
    from knet.datasets.coco_panoptic import CocoPanopticDatasetCustom
    from knet_vis.datasets.coco_video_dataset import CocoVideoDataset

    # The data set itself says what a training would say, and knows the further label files.
    opening, arguments = Finding(), dict(settings, **(dict(test_mode=True) if test_mode else {}))
    del arguments['type']
    dataset = opening.attempt(lambda: kind(**arguments))
    files = settings['ann_file']
    result = check_annotations(
        root / (files['ins_ann'] if isinstance(files, dict) else files),
        root / settings.get('img_prefix', ''),
        dataset.label_space if dataset is not None else _classes(settings, kind),
        labelled=not test_mode,
        videos=issubclass(kind, CocoVideoDataset),
        further=_further_labels(dataset) if isinstance(dataset, CocoPanopticDatasetCustom) else None,
        nproc=nproc,
        progress=progress,
    )
    result.problems = [*opening.problems, *result.problems]
    return result.finish()


def _classes(settings: Settings, kind: Type) -> LabelSpace:
    """Return the classes of a data set that cannot be opened."""
    if 'dataset_version' in settings and str(settings['dataset_version']) in LABEL_SPACES:
        return get_label_space(LABEL_SPACES[str(settings['dataset_version'])])
    return get_label_space(settings.get('label_space') or inspect.signature(kind).parameters['label_space'].default)


def _further_labels(dataset: 'CocoPanopticDatasetCustom') -> Further:
    """Return a function that reads the map of stuff, or in test mode the panoptic map, of an image."""
    from knet.datasets.pipelines.loading import read_stuff_map

    numbers = {info['id']: number for number, info in enumerate(dataset.data_infos)}
    table = dataset.stuff_map_table()

    def read(image: Dict[str, Any]) -> Optional[np.ndarray]:
        if dataset.test_mode:
            number = numbers.get(image['id'])
            return None if number is None or dataset.is_unlabelled else dataset.read_panoptic(number)[0]
        path = Path(dataset.seg_prefix, dataset.stuff_map(dict(image, filename=image['file_name'])))
        return read_stuff_map(path, table, (image['height'], image['width']), image['file_name'])

    return read


def class_table(result: DataCheck) -> str:
    """Return what the data show of the classes that they show; shares are those of the labelled pixels."""
    counts = result.counts
    infos = [info for info in result.label_space.classes if counts[info.dataset_id].images]
    labelled = sum(counts[info.dataset_id].pixels for info in infos)
    rows = []
    for info in infos:
        count = counts[info.dataset_id]
        objects = (len(count.objects), count.crowds) if info.is_thing else ('', '')
        rows.append((info.name, info.dataset_id, count.images, *objects, count.pixels / labelled if labelled else None))
    return format_table(('class', 'id', 'images', 'objects', 'crowds', 'pixels %'), rows)


def report(title: str, result: DataCheck, limit: int) -> None:
    """Print the counts of a data set and its problems."""
    videos = f'{result.videos} videos, ' if result.videos else ''
    print(f'\n{title}: {videos}{result.images} images, classes of {result.label_space.name!r}')
    absent = [info.name for info in result.label_space.classes if not result.counts[info.dataset_id].images]
    print('no labels' if len(absent) == result.label_space.num_classes else class_table(result))
    if 0 < len(absent) < result.label_space.num_classes:
        print(f'without any label: {", ".join(absent)}')
    for problem in result.problems[:limit]:
        print(f'problem: {problem}')
    if len(result.problems) > limit:
        print(f'problem: ... and {len(result.problems) - limit} more; --limit {len(result.problems)} shows all')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--parts', nargs='+', choices=PARTS, help='parts of its data (default: all, equal ones once)')
    parser.add_argument(
        '--nproc', type=positive, default=os.cpu_count(), help='images that are read at a time (default: %(default)s)'
    )
    parser.add_argument('--limit', type=positive, default=50, help='problems to print per part (default: %(default)s)')
    add_config_options(parser)
    add_debug_option(parser)
    return parser.parse_args()


def chosen_data_sets(cfg: Any, parts: Optional[List[str]]) -> Iterator[Tuple[str, Settings, bool]]:
    """Yield title, settings and mode of the data sets of a config; what several parts name comes once.

    Raises:
        UsageError: If a part that was asked for is not in the config.
    """
    seen: List[Any] = []
    for part in parts or PARTS:
        settings = cfg.get('data', {}).get(part)
        if settings is None and parts:
            raise UsageError(f'config {cfg.filename} has no data.{part}')
        found = [one for one in single_data_sets(settings) if one not in seen] if settings is not None else []
        seen += found
        for number, one in enumerate(found):
            yield f'data.{part}{f"[{number}]" if len(found) > 1 else ""}', one, part != 'train'


def main() -> None:
    """Check the parts.

    Raises:
        UsageError: If there are problems, after all of them are listed.
    """
    args = parse_args()
    from knet.apis import load_config

    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    jobs = list(chosen_data_sets(cfg, args.parts))
    if not jobs:
        raise UsageError(f'config {args.config} has no data; name a leaf config, not one of _base_')
    for _, settings, _ in jobs:
        data_set_class(settings)
    problems = 0
    for title, settings, test_mode in jobs:
        result = check(settings, test_mode, args.nproc, bar_of(title))
        report(title, result, args.limit)
        problems += len(result.problems)
    sys.stdout.flush()
    if problems:
        raise UsageError(f'{problems} problem{"s" if problems > 1 else ""} in the data, listed above')
    print('\nno problem found')


if __name__ == '__main__':
    run_tool(main)
