"""Semantic segmentation: mean intersection over union."""

from dataclasses import dataclass
from typing import Dict, Optional

import numpy as np

from knet.evaluation.pairs import PairCounts, count_pairs, segment_class
from knet.labels import LabelSpace


def class_table(label_space: LabelSpace) -> np.ndarray:
    """Row of every dataset id in a confusion matrix.

    Args:
        label_space: The classes, taken in ascending dataset id.

    Returns:
        (256,) int64; 0..K-1 for classes, K for void.
    """
    table = np.full(256, label_space.num_classes, dtype=np.int64)
    for row, info in enumerate(label_space.classes):
        table[info.dataset_id] = row
    return table


def confusion_matrix(pairs: PairCounts, label_space: LabelSpace) -> np.ndarray:
    """Count pixels by class.

    Args:
        pairs: Overlaps of one or more frames.
        label_space: The classes, taken in ascending dataset id.

    Returns:
        (K+1, K+1) int64, rows ground truth, columns prediction, last = void.
    """
    table = class_table(label_space)
    matrix = np.zeros((label_space.num_classes + 1,) * 2, dtype=np.int64)
    np.add.at(matrix, (table[segment_class(pairs.gt)], table[segment_class(pairs.pred)]), pairs.counts)
    return matrix


def intersection_over_union(matrix: np.ndarray) -> np.ndarray:
    """IoU per class on labelled pixels.

    Args:
        matrix: (K+1, K+1) confusion matrix of :func:`confusion_matrix`.

    Returns:
        (K+1,) float64, NaN where neither side has the class. The last entry
        belongs to void: 0 if void was predicted on labelled pixels, else NaN.
    """
    labelled = matrix.copy()
    labelled[-1] = 0
    common = np.diag(labelled)
    union = labelled.sum(0) + labelled.sum(1) - common
    return np.divide(common, union, out=np.full(len(union), np.nan), where=union > 0)


@dataclass(frozen=True)
class MeanIoUResult:
    """Mean IoU and its parts.

    Attributes:
        miou: Mean over classes that occur in ground truth or prediction,
            0..1; None if none does.
        class_iou: IoU by dataset id, None for classes that don't occur.
        weighted_iou: IoUs weighted by the classes' share of the labelled
            pixels, 0..1; None without a labelled pixel.
        class_pixels: Labelled pixels by dataset id.
    """

    miou: Optional[float]
    class_iou: Dict[int, Optional[float]]
    weighted_iou: Optional[float]
    class_pixels: Dict[int, int]


class MeanIoU:
    """Accumulates the confusion of images; void ground truth is left out.

    Pixels predicted void count as misses of their class.

    Args:
        label_space: The classes.
    """

    def __init__(self, label_space: LabelSpace) -> None:
        self.label_space = label_space
        self.matrix = np.zeros((label_space.num_classes + 1,) * 2, dtype=np.int64)

    def update(self, gt_sem: np.ndarray, gt_ins: np.ndarray, pred_sem: np.ndarray, pred_ins: np.ndarray) -> None:
        """Add one image; all (H, W) integers, dataset class ids and instance ids."""
        self.update_pairs(count_pairs(gt_sem, gt_ins, pred_sem, pred_ins, self.label_space))

    def update_pairs(self, pairs: PairCounts) -> None:
        """Add one image whose overlaps are counted already."""
        self.matrix += confusion_matrix(pairs, self.label_space)

    def merge(self, other: 'MeanIoU') -> None:
        """Add what another accumulator has seen."""
        self.matrix += other.matrix

    def compute(self) -> MeanIoUResult:
        """The scores of everything seen so far."""
        iou = intersection_over_union(self.matrix)[:-1]
        defined, pixels = iou[~np.isnan(iou)], self.matrix[:-1].sum(1)
        ids = [info.dataset_id for info in self.label_space.classes]
        return MeanIoUResult(
            miou=float(defined.mean()) if len(defined) else None,
            class_iou={number: none_if_nan(value) for number, value in zip(ids, iou)},
            weighted_iou=float(np.nansum(pixels * iou) / pixels.sum()) if pixels.any() else None,
            class_pixels=dict(zip(ids, pixels.tolist())),
        )


def none_if_nan(value: float) -> Optional[float]:
    """A plain float, or None for NaN."""
    return None if np.isnan(value) else float(value)
