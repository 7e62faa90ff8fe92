"""Count the overlaps of ground truth and prediction, the base of every panoptic metric.

All panoptic metrics here depend on the images only through one table: the number of pixels that carry ground-truth
segment g *and* predicted segment p. The table of a frame has some hundred rows, the tables of frames add up to tables
of windows and videos, and everything stays an exact integer.

A segment is coded as ``class << 24 | instance``, a pair of segments as ``ground truth << 32 | prediction``.
"""

from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Sequence, Tuple

import numpy as np

from knet.labels import LabelSpace
from knet.utils.runs import find_runs

_INSTANCE_BITS = 24
_INSTANCE_MASK = (1 << _INSTANCE_BITS) - 1
_SEGMENT_BITS = 32
_SEGMENT_MASK = (1 << _SEGMENT_BITS) - 1


def segment_class(code: np.ndarray) -> np.ndarray:
    """Return the dataset class ids of segment codes, int64 of the same shape.

    >>> segment_class(np.array([11 << 24 | 5, 13 << 24]))
    array([11, 13])
    """
    return code >> _INSTANCE_BITS


def segment_instance(code: np.ndarray) -> np.ndarray:
    """Return the instance ids of segment codes, int64 of the same shape.

    >>> segment_instance(np.array([11 << 24 | 5, 13 << 24]))
    array([5, 0])
    """
    return code & _INSTANCE_MASK


@dataclass(frozen=True)
class PairCounts:
    """Pixel counts of (ground-truth segment, predicted segment) pairs.

    Attributes:
        keys: (N,) uint64 pair codes, ascending and unique.
        counts: (N,) int64 numbers of pixels, >= 1.
    """

    keys: np.ndarray
    counts: np.ndarray

    @property
    def gt(self) -> np.ndarray:
        """(N,) int64 ground-truth segment codes, ascending, not unique."""
        return (self.keys >> np.uint64(_SEGMENT_BITS)).astype(np.int64)

    @property
    def pred(self) -> np.ndarray:
        """(N,) int64 predicted segment codes."""
        return (self.keys & np.uint64(_SEGMENT_MASK)).astype(np.int64)

    @staticmethod
    def sum(tables: Sequence['PairCounts']) -> 'PairCounts':
        """Return the sum of tables, an empty table if there are none."""
        if len(tables) == 1:
            return tables[0]
        keys = np.concatenate([np.zeros(0, np.uint64)] + [t.keys for t in tables])
        counts = np.concatenate([np.zeros(0, np.int64)] + [t.counts for t in tables])
        return PairCounts(*_sum_by_key(keys, counts))


def pack_tables(tables: Sequence[Optional[PairCounts]]) -> Dict[str, np.ndarray]:
    """Return the tables of frames as arrays.

    Args:
        tables: Table of every frame; None for a frame without prediction.

    Returns:
        ``keys`` and ``counts`` of all tables, one after another, and ``rows``, (F,) int64 numbers of rows of the
        tables, -1 for None.
    """
    found = [table for table in tables if table is not None]
    return dict(
        keys=np.concatenate([np.zeros(0, np.uint64)] + [table.keys for table in found]),
        counts=np.concatenate([np.zeros(0, np.int64)] + [table.counts for table in found]),
        rows=np.array([-1 if table is None else len(table.keys) for table in tables], dtype=np.int64),
    )


def unpack_tables(packed: Dict[str, np.ndarray]) -> Iterator[Optional[PairCounts]]:
    """Yield the tables of :func:`pack_tables`."""
    start = 0
    for rows in packed['rows'].tolist():
        end = start + max(rows, 0)
        yield None if rows < 0 else PairCounts(packed['keys'][start:end], packed['counts'][start:end])
        start = end


def _sum_by_key(keys: np.ndarray, counts: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the unique keys in ascending order and the sum of the counts of each, both (M,)."""
    if not len(keys):
        return keys, counts
    order = np.argsort(keys)
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(counts[order], starts)


def count_pairs(
    gt_semantic: np.ndarray,
    gt_instance: np.ndarray,
    pred_semantic: np.ndarray,
    pred_instance: np.ndarray,
    label_space: LabelSpace,
    names: Tuple[str, str] = ('ground truth', 'prediction'),
) -> PairCounts:
    """Count the overlaps of one frame.

    Args:
        gt_semantic: (H, W) integers, dataset class ids or void.
        gt_instance: (H, W) integers, instance ids 0..2^24-1.
        pred_semantic: (H, W) integers, dataset class ids or void.
        pred_instance: (H, W) integers, instance ids 0..2^24-1.
        label_space: Label space of both sides.
        names: Terms for the two sides in error messages, for example the names of their files.

    Returns:
        The table of the frame.

    Raises:
        ValueError: If sizes differ, a class is unknown or an instance id is impossible.

    Example:
        >>> from knet.labels import get_label_space
        >>> road, car = 0, 13
        >>> pairs = count_pairs(
        ...     np.array([[road, car, car]]), np.array([[0, 1, 1]]),
        ...     np.array([[road, road, car]]), np.array([[0, 0, 7]]), get_label_space('kitti_step'))
        >>> segment_class(pairs.gt).tolist(), segment_class(pairs.pred).tolist(), pairs.counts.tolist()
        ([0, 13, 13], [0, 0, 13], [1, 1, 1])
    """
    planes = [np.asarray(plane) for plane in (gt_semantic, gt_instance, pred_semantic, pred_instance)]
    if any(plane.shape != planes[0].shape for plane in planes):
        sizes = [
            ' and '.join(sorted({'x'.join(map(str, p.shape[::-1])) for p in side})) for side in (planes[:2], planes[2:])
        ]
        raise ValueError(
            f'{names[0]} is {sizes[0]} pixels, {names[1]} is {sizes[1]} (width x height); '
            'predictions must have the original size'
        )
    planes = [plane.ravel() for plane in planes]
    # Label maps are flat areas: counting runs of equal pixels sorts some thousand values instead of all pixels.
    starts, lengths = find_runs(planes)
    gt_sem, gt_ins, pred_sem, pred_ins = (plane[starts].astype(np.int64) for plane in planes)
    for name, semantic, instance in ((names[0], gt_sem, gt_ins), (names[1], pred_sem, pred_ins)):
        _check_ids(name, semantic, instance, label_space)
    gt = gt_sem << _INSTANCE_BITS | gt_ins
    pred = pred_sem << _INSTANCE_BITS | pred_ins
    keys = gt.astype(np.uint64) << np.uint64(_SEGMENT_BITS) | pred.astype(np.uint64)
    return PairCounts(*_sum_by_key(keys, lengths))


def _check_ids(name: str, semantic: np.ndarray, instance: np.ndarray, label_space: LabelSpace) -> None:
    """Raise an error for classes that the label space does not know and for impossible instance ids."""
    if not len(semantic):
        return
    known = np.append(label_space.dataset_ids, label_space.void)
    extremes = [semantic.min(), semantic.max()]
    if extremes[0] >= 0 and extremes[1] <= 255:
        found = np.flatnonzero(np.bincount(semantic, minlength=256))
    else:
        found = np.array(extremes)
    unknown = np.setdiff1d(found, known)
    if len(unknown):
        raise ValueError(
            f'{name}: class {unknown[0]} is not in label space {label_space.name!r} '
            f'({label_space.num_classes} classes, {known[:-1].min()}..{known[:-1].max()}, '
            f'void {label_space.void})'
        )
    if not 0 <= instance.min() <= instance.max() <= _INSTANCE_MASK:
        raise ValueError(
            f'{name}: instance ids must lie in 0..{_INSTANCE_MASK}, found {instance.min()}..{instance.max()}'
        )
