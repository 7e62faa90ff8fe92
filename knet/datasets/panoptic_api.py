"""Panoptic quality by panopticapi, the evaluator of the COCO and Cityscapes benchmarks."""

import io
import os
from contextlib import redirect_stdout
from multiprocessing import Pool
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

from PIL import Image

from knet.evaluation.tables import format_table
from knet.layouts.segments import segment_areas
from knet.utils.lifetime import end_with_parent

try:
    from panopticapi.evaluation import PQStat, pq_compute_single_core
except ImportError:  # comes without dependencies, so it may have been forgotten
    PQStat = pq_compute_single_core = None

#: Ground truth and prediction of an image: ``image_id``, ``file_name``, ``segments_info``.
Pair = Tuple[Dict[str, Any], Dict[str, Any]]
# Sums of floating-point numbers depend on how they are grouped; the groups do not depend on the number of processes.
_CHUNK = 64


def _image_size(path: Path) -> Tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def _compare(pairs: Sequence[Pair], gt_folder: str, pred_folder: str, categories: Dict[int, Dict]) -> 'PQStat':
    for truth, prediction in pairs:
        paths = Path(gt_folder, truth['file_name']), Path(pred_folder, prediction['file_name'])
        sizes = [_image_size(path) for path in paths]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f'{paths[0]} is {sizes[0]} pixels, the prediction {paths[1]} is {sizes[1]} (width, '
                'height). Images and panoptic PNGs must come from the same release.'
            )
        # panopticapi trusts these areas; files of other programs do not always have them.
        if any(segment.get('area') is None for segment in truth['segments_info']):
            areas = segment_areas(paths[0])
            for segment in truth['segments_info']:
                segment['area'] = areas.get(segment['id'], 0)
    with redirect_stdout(io.StringIO()):
        return pq_compute_single_core(0, list(pairs), gt_folder, pred_folder, categories)


def compare_panoptic(pairs: Sequence[Pair], gt_folder: str, pred_folder: str, categories: Dict[int, Dict]) -> 'PQStat':
    """Match the segments of all images, by as many processes as pay off.

    Args:
        pairs: Ground truth and prediction of every image.
        gt_folder: Folder of the PNGs of the ground truth.
        pred_folder: Folder of the PNGs of the predictions.
        categories: ``isthing`` and ``name`` by category id.

    Returns:
        Matches and misses by category id.

    Raises:
        ValueError: If a PNG of a pair differs from the other in size.
        KeyError: If PNG and segments of a prediction differ.
        ImportError: If panopticapi is not installed.
    """
    if PQStat is None:
        raise ImportError('PQ needs panopticapi: pip install --no-deps -r requirements/nodeps.txt')
    jobs = [
        (pairs[start : start + _CHUNK], gt_folder, pred_folder, categories) for start in range(0, len(pairs), _CHUNK)
    ]
    processes = min(len(jobs), os.cpu_count() or 1)
    if processes <= 1:
        parts = [_compare(*job) for job in jobs]
    else:
        with Pool(processes, end_with_parent) as pool:
            parts = pool.starmap(_compare, jobs, chunksize=1)
    total = PQStat()
    for part in parts:
        total += part
    return total


def panoptic_scores(total: 'PQStat', categories: Dict[int, Dict]) -> Tuple[Dict[str, float], str]:
    """Return the scores of the matches that :func:`compare_panoptic` has found.

    Args:
        total: Matches and misses.
        categories: ``isthing`` and ``name`` by category id.

    Returns:
        ``PQ, SQ, RQ`` and the same of things (``_th``) and stuff (``_st``) in 0..1, means over the classes that occur,
        and a table of them. Groups that do not occur are left out.
    """
    scores: Dict[str, float] = {}
    rows: List[Tuple] = []
    for title, ending, is_thing in (('all', '', None), ('things', '_th', True), ('stuff', '_st', False)):
        members = [i for i, category in categories.items() if is_thing in (None, bool(category['isthing']))]
        occurring = [i for i in members if total[i].tp + total[i].fp + total[i].fn]
        if not occurring:
            continue
        means, classes = total.pq_average(categories, is_thing)
        scores.update({key.upper() + ending: float(means[key]) for key in ('pq', 'sq', 'rq')})
        rows.append((title, *(float(means[key]) for key in ('pq', 'sq', 'rq')), means['n'], '', ''))
        if is_thing is None:
            per_class = [
                (
                    categories[i]['name'],
                    *(float(classes[i][key]) for key in ('pq', 'sq', 'rq')),
                    total[i].tp,
                    total[i].fp,
                    total[i].fn,
                )
                for i in occurring
            ]
    table = format_table(('classes', 'PQ', 'SQ', 'RQ', 'TP', 'FP', 'FN'), per_class if rows else [])
    return scores, table + '\n\n' + format_table(('mean over', 'PQ', 'SQ', 'RQ', 'classes', '', ''), rows)
