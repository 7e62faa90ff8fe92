"""Panoptic maps in the COCO style: a PNG of segment ids and a list of the segments with their categories."""

from typing import Any, Dict, List, Tuple

import numpy as np

from knet.labels import LabelSpace
from knet.layouts.entries import check_entries, check_ids, first_duplicate
from knet.layouts.id_maps import ID_SHIFT
from knet.layouts.images import read_rgb_ids
from knet.utils.io import PathLike
from knet.utils.runs import find_runs

#: Segment ids that fit into the three channels of a PNG.
MAX_ID = (1 << 24) - 1
_MEANING = 'segment id = R + 256 G + 65536 B'


def read_segments(path: PathLike, codes: Dict[int, int], void: int) -> np.ndarray:
    """Read a PNG of segment ids as an id map.

    Args:
        path: 8-bit RGB PNG, id = R + 256 G + 65536 B; id 0 is void.
        codes: ``class << ID_SHIFT | instance`` of every segment id.
        void: Class of the pixels without a segment.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If the file is no 8-bit RGB PNG or has an id without code.
    """
    ids = read_rgb_ids(path, _MEANING)
    flat = ids.ravel()
    # Label maps are flat areas: looking up runs of equal pixels instead of pixels.
    starts, lengths = find_runs([flat])
    present, index = np.unique(flat[starts], return_inverse=True)
    unknown = [int(i) for i in present if i and int(i) not in codes]
    if unknown:
        raise ValueError(
            f'{path}: segment id {unknown[0]} is not in the segments_info of the JSON file; '
            'PNG and JSON must come from the same release'
        )
    table = np.array([codes[int(i)] if i else void << ID_SHIFT for i in present], dtype=np.int32)
    return np.repeat(table[index.reshape(-1)], lengths).reshape(ids.shape)


def check_panoptic(data: Dict[str, Any], path: PathLike) -> None:
    """Raise an error for a panoptic json that contradicts itself; segments become ``iscrowd`` 0 where it is absent.

    Args:
        data: Content with ``annotations`` and ``categories``.
        path: The file, for messages.

    Raises:
        ValueError: If an image has two annotations, or segments are incomplete, repeat an id or have no category.
    """
    what = 'panoptic annotation file'
    check_entries(data, 'annotations', path, ('image_id', 'file_name', 'segments_info'), what=what)
    check_ids(data, 'annotations', path, 'image_id')
    known = {category['id'] for category in data['categories']}
    for ann in data['annotations']:
        segments, image = ann['segments_info'], f'{path}: image {ann["image_id"]!r}'
        check_entries(dict(segments=segments), 'segments', image, ('id', 'category_id'), ('area', 'iscrowd'), what)
        wrong = [s['id'] for s in segments if not isinstance(s['id'], int) or not 0 <= s['id'] <= MAX_ID]
        if wrong:
            raise ValueError(f'{image}: segment id {wrong[0]!r} does not fit into a PNG, whose ids are 0..{MAX_ID}.')
        if first_duplicate(segments) is not None:
            raise ValueError(f'{path}: two segments of image {ann["image_id"]!r} have the same id.')
        unexpected = [s['category_id'] for s in segments if s['category_id'] not in known]
        if unexpected:
            raise ValueError(
                f'{image} has a segment of category {unexpected[0]}, which is not among the categories of the file.'
            )
        for segment in segments:
            segment['iscrowd'] = int(segment.get('iscrowd', 0))


def segment_areas(path: PathLike) -> Dict[int, int]:
    """Return the number of pixels of every segment id in a PNG."""
    ids, areas = np.unique(read_rgb_ids(path, _MEANING), return_counts=True)
    return dict(zip(ids.tolist(), areas.tolist()))


def encode_segments(
    semantic: np.ndarray, instance: np.ndarray, label_space: LabelSpace, crowd: bool
) -> Tuple[np.ndarray, List[Dict[str, Any]]]:
    """Turn a panoptic map into segment ids and their list.

    An object keeps its id through a video: ``(class + 1) << 16 | instance``.

    Args:
        semantic: (H, W) integers, dataset class ids or void.
        instance: (H, W) integers, instance ids 0..65535.
        label_space: The classes.
        crowd: Whether things with instance 0 are crowds (ground truth) or ordinary segments (predictions).

    Returns:
        (H, W, 3) uint8 RGB, black where void, and the segments: ``id, category_id`` (dataset class id), ``area,
        iscrowd`` and ``bbox`` [x, y, xmax - xmin, ymax - ymin], in ascending id.
    """
    ids = np.where(semantic == label_space.void, 0, (semantic.astype(np.int32) + 1 << ID_SHIFT) | instance)
    height, width = ids.shape
    rgb = np.ascontiguousarray(ids.astype('<i4')).view(np.uint8).reshape(height, width, 4)[..., :3]
    # Runs end with the row, so that each run has its extents.
    starts, lengths = find_runs([ids.ravel(), np.repeat(np.arange(height), width)])
    present, index = np.unique(ids.ravel()[starts], return_inverse=True)
    index = index.reshape(-1)
    rows, left = starts // width, starts % width
    low, high = (np.full((len(present), 2), value, dtype=np.int64) for value in (max(ids.shape), 0))
    np.minimum.at(low, index, np.stack([left, rows], axis=1))
    np.maximum.at(high, index, np.stack([left + lengths - 1, rows], axis=1))
    area = np.zeros(len(present), dtype=np.int64)
    np.add.at(area, index, lengths)
    things = set(label_space.thing_ids)
    segments = []
    for i, segment in enumerate(present.tolist()):
        category = (segment >> ID_SHIFT) - 1
        if segment:
            is_crowd = crowd and category in things and not segment & ((1 << ID_SHIFT) - 1)
            segments.append(
                dict(
                    id=segment,
                    category_id=category,
                    area=int(area[i]),
                    iscrowd=int(is_crowd),
                    bbox=[*low[i].tolist(), *(high[i] - low[i]).tolist()],
                )
            )
    return np.ascontiguousarray(rgb), segments
