"""Semantic segmentation: mean intersection over union."""

from dataclasses import dataclass, field
from typing import Any, Dict, Optional

import numpy as np

from knet.evaluation.frames import Skipped
from knet.evaluation.metric import PairMetric, Result
from knet.evaluation.pairs import PairCounts, segment_class
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace


def class_table(label_space: LabelSpace) -> np.ndarray:
    """Return the row of every dataset id in a confusion matrix.

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
    """Return the IoU per class on labelled pixels.

    Args:
        matrix: (K+1, K+1) confusion matrix of :func:`confusion_matrix`.

    Returns:
        (K+1,) float64, NaN where neither side has the class. The last entry belongs to void: 0 if void was predicted on
        labelled pixels, else NaN.
    """
    labelled = matrix.copy()
    labelled[-1] = 0
    common = np.diag(labelled)
    union = labelled.sum(0) + labelled.sum(1) - common
    return np.divide(common, union, out=np.full(len(union), np.nan), where=union > 0)


@dataclass(frozen=True)
class MeanIoUResult(Result):
    """The mean IoU and its parts.

    Attributes:
        miou: Mean over classes that occur in ground truth or prediction, 0..1; None if none does.
        class_iou: IoU by dataset id, None for classes that don't occur.
        weighted_iou: IoUs weighted by the classes' share of the labelled pixels, 0..1; None without a labelled pixel.
        class_pixels: Labelled pixels by dataset id.
        class_names: Names by dataset id.
        skipped: Videos and frames that were left out.
    """

    miou: Optional[float]
    class_iou: Dict[int, Optional[float]]
    weighted_iou: Optional[float]
    class_pixels: Dict[int, int]
    class_names: Dict[int, str]
    skipped: Skipped = field(default_factory=Skipped)

    def headline(self) -> Dict[str, Optional[float]]:
        """Return mIoU and wIoU."""
        return dict(mIoU=self.miou, wIoU=self.weighted_iou)

    def classes_to_json(self) -> Dict[str, Any]:
        """Return name, IoU and labelled pixels of every class by dataset id."""
        return {
            str(i): dict(name=self.class_names[i], iou=iou, pixels=self.class_pixels[i])
            for i, iou in self.class_iou.items()
        }

    def to_json(self) -> Dict[str, Any]:
        """Return plain numbers: mIoU, wIoU, per_class; ``skipped`` only when something was left out."""
        return self.skipped.added_to(dict(self.headline(), per_class=self.classes_to_json()))

    def class_table(self) -> str:
        """Return the classes that occur, their IoU and their share of the pixels, in percent."""
        total = sum(self.class_pixels.values()) or 1
        rows = [
            (f'{i} {self.class_names[i]}', iou, self.class_pixels[i] / total)
            for i, iou in self.class_iou.items()
            if iou is not None
        ]
        return format_table(('class', 'IoU', 'share of pixels'), rows)

    def total_table(self) -> str:
        """Return the means over all classes, in percent."""
        return format_table(('all classes', 'score'), [('mIoU', self.miou), ('weighted IoU', self.weighted_iou)])

    def table(self) -> str:
        """Return readable tables in percent: classes that occur, all."""
        parts = ['Semantic segmentation, in percent', self.class_table(), self.total_table(), *self.skipped.notes()]
        return '\n\n'.join(parts)


class MeanIoU(PairMetric[MeanIoUResult]):
    """Accumulates the confusion of images; void ground truth is left out.

    Pixels predicted void count as misses of their class.

    Args:
        label_space: The classes.
    """

    name = 'miou'

    def __init__(self, label_space: LabelSpace) -> None:
        self.label_space = label_space
        self.matrix = np.zeros((label_space.num_classes + 1,) * 2, dtype=np.int64)

    def update_pairs(self, pairs: Optional[PairCounts], video_id: int = 0) -> None:
        """Add one image whose overlaps are counted already; None adds nothing."""
        if pairs is not None:
            self.matrix += confusion_matrix(pairs, self.label_space)

    def merge(self, other: 'MeanIoU') -> None:
        """Add what another accumulator has seen."""
        self.matrix += other.matrix

    def compute(self) -> MeanIoUResult:
        """Return the scores of everything seen so far."""
        iou = intersection_over_union(self.matrix)[:-1]
        defined, pixels = iou[~np.isnan(iou)], self.matrix[:-1].sum(1)
        ids = [info.dataset_id for info in self.label_space.classes]
        return MeanIoUResult(
            miou=float(defined.mean()) if len(defined) else None,
            class_iou={number: none_if_nan(value) for number, value in zip(ids, iou)},
            weighted_iou=float(np.nansum(pixels * iou) / pixels.sum()) if pixels.any() else None,
            class_pixels=dict(zip(ids, pixels.tolist())),
            class_names={info.dataset_id: info.name for info in self.label_space.classes},
        )


def none_if_nan(value: float) -> Optional[float]:
    """Return a plain float, or None for NaN."""
    return None if np.isnan(value) else float(value)
