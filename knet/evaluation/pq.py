"""Panoptic quality: matching of segments, and PQ of single images.

VPQ (:mod:`knet.evaluation.vpq`) matches with the same function: a window of frames is one larger image.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from knet.evaluation.frames import Skipped
from knet.evaluation.metric import PairMetric, Result, register_metric
from knet.evaluation.pairs import PairCounts, segment_class, segment_instance
from knet.evaluation.protocols import OFFICIAL, PAPER_REPO, check_protocol
from knet.evaluation.semantic import class_table, none_if_nan
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace

_PAPER_REPO_EPS = 1e-10


@dataclass(frozen=True)
class MatchRules:
    """Rules of matching that differ between the published evaluators.

    Attributes:
        void_with_instance: True if void pixels that carry an instance id are void as well. If False, they stay in the
            area of a prediction, but still excuse it as a false positive.
        crowd_ignored: True if crowd (thing class, instance 0) is neither matched nor missed, and excuses predictions of
            its class that lie on it for the most part. If False, crowd is an ordinary segment.
    """

    void_with_instance: bool
    crowd_ignored: bool


class MatchCounts:
    """Matches and misses per class; rows in ascending dataset id.

    Attributes:
        iou: (K,) float64 sums of the IoU of the matches.
        tp: (K,) int64 numbers of matched pairs.
        fp: (K,) int64 numbers of predicted segments without a match.
        fn: (K,) int64 numbers of ground-truth segments without a match.
    """

    def __init__(self, num_classes: int) -> None:
        self.iou = np.zeros(num_classes)
        self.tp, self.fp, self.fn = (np.zeros(num_classes, dtype=np.int64) for _ in range(3))

    def add(self, other: 'MatchCounts') -> None:
        """Add the counts of ``other`` to these."""
        self.iou += other.iou
        self.tp += other.tp
        self.fp += other.fp
        self.fn += other.fn


class SegmentMatcher:
    """Matches ground-truth and predicted segments.

    A pair matches if the classes agree and its IoU is above one half, which makes matches unique. Void ground truth
    doesn't count towards the union, and a prediction more than half on void is no false positive. Pixels predicted void
    are no prediction.

    Args:
        label_space: The classes.
        rules: Rules of the evaluator to follow.
    """

    def __init__(self, label_space: LabelSpace, rules: MatchRules) -> None:
        self.rules = rules
        self.void = label_space.void
        self.num_classes = label_space.num_classes
        self._rows = class_table(label_space)
        self._is_thing = label_space.is_thing

    def match(self, pairs: PairCounts) -> MatchCounts:
        """Match the segments of an image or a window.

        Args:
            pairs: Overlaps of ground truth and prediction.

        Returns:
            Matches and misses per class.
        """
        gt, gt_of = np.unique(pairs.gt, return_inverse=True)
        pred, pred_of = np.unique(pairs.pred, return_inverse=True)
        gt_class, pred_class = segment_class(gt), segment_class(pred)
        is_void = gt_class == self.void
        is_crowd = self._is_thing[gt_class] & (segment_instance(gt) == 0) & self.rules.crowd_ignored
        matchable = ~is_void & ~is_crowd

        area = _sums(pred_of, pairs.counts, len(pred))
        subtracted = is_void if self.rules.void_with_instance else is_void & (segment_instance(gt) == 0)
        on_void = _sums(pred_of, pairs.counts * subtracted[gt_of], len(pred))
        union = _sums(gt_of, pairs.counts, len(gt))[gt_of] + (area - on_void)[pred_of] - pairs.counts
        same_class = gt_class[gt_of] == pred_class[pred_of]
        matched = matchable[gt_of] & same_class & (2 * pairs.counts > union)

        excusing = is_void[gt_of] | (is_crowd[gt_of] & same_class)
        excused = 2 * _sums(pred_of, pairs.counts * excusing, len(pred)) > area
        missed = matchable.copy()
        missed[gt_of[matched]] = False
        wrong = (pred_class != self.void) & ~excused
        wrong[pred_of[matched]] = False

        counts = MatchCounts(self.num_classes)
        rows = self._rows[gt_class[gt_of[matched]]]
        np.add.at(counts.iou, rows, pairs.counts[matched] / union[matched])
        np.add.at(counts.tp, rows, 1)
        np.add.at(counts.fn, self._rows[gt_class[missed]], 1)
        np.add.at(counts.fp, self._rows[pred_class[wrong]], 1)
        return counts


def _sums(groups: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Return the (size,) int64 sums of ``values`` per group."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums


@dataclass(frozen=True)
class ClassQuality:
    """Quality of one class; None where the class doesn't occur.

    Attributes:
        name: Class name.
        pq: Panoptic quality, 0..1, = sq * rq.
        sq: Segmentation quality: mean IoU of the matches (0 without matches).
        rq: Recognition quality: F1 of the matches.
        tp: Matches.
        fp: Predictions without a match.
        fn: Ground truth without a match.
    """

    name: str
    pq: Optional[float]
    sq: Optional[float]
    rq: Optional[float]
    tp: int
    fp: int
    fn: int


@dataclass(frozen=True)
class PanopticScores(Result):
    """PQ, its means and its parts.

    Means over no class are None. The protocol decides whether classes that occur neither in the ground truth nor in the
    prediction count as 0.

    Attributes:
        pq: Mean over classes, 0..1.
        pq_th: Mean over things.
        pq_st: Mean over stuff.
        pq_all: Mean over all classes of the label space, where absent classes count as 0.
        sq: Mean segmentation quality over the same classes as ``pq``.
        rq: Mean recognition quality.
        classes: Qualities by dataset id, ascending.
        skipped: Videos and frames that were left out.
    """

    pq: Optional[float]
    pq_th: Optional[float]
    pq_st: Optional[float]
    pq_all: Optional[float]
    sq: Optional[float]
    rq: Optional[float]
    classes: Dict[int, ClassQuality]
    skipped: Skipped = field(default_factory=Skipped)

    def headline(self) -> Dict[str, Optional[float]]:
        """Return PQ, its means over things and stuff, SQ and RQ."""
        return dict(PQ=self.pq, PQ_th=self.pq_th, PQ_st=self.pq_st, SQ=self.sq, RQ=self.rq)

    def to_json(self) -> Dict[str, Any]:
        """Return plain numbers: the headline and per_class; ``skipped`` only when something was left out."""
        return self.skipped.added_to(
            dict(self.headline(), per_class={str(i): vars(quality) for i, quality in self.classes.items()})
        )

    def table(self) -> str:
        """Return a readable table in percent: per class, then the means."""
        rows: List[Tuple] = [(c.name, c.pq, c.sq, c.rq, c.tp, c.fp, c.fn) for c in self.classes.values()]
        rows.append(('mean', self.pq, self.sq, self.rq, '', '', ''))
        header = ('class', 'PQ', 'SQ', 'RQ', 'TP', 'FP', 'FN')
        return '\n\n'.join(['PQ, in percent', format_table(header, rows), *self.skipped.notes()])


def panoptic_scores(counts: MatchCounts, label_space: LabelSpace, protocol: str) -> PanopticScores:
    """Compute the scores of matches and misses.

    Args:
        counts: Matches and misses.
        label_space: The classes.
        protocol: ``'official'`` takes means over the classes that occur, ``'paper-repo'`` over all classes and with an
            epsilon in the divisions.

    Returns:
        The scores.
    """
    if protocol == PAPER_REPO:
        sq = counts.iou / (counts.tp + _PAPER_REPO_EPS)
        rq = counts.tp / (counts.tp + counts.fn / 2 + counts.fp / 2 + _PAPER_REPO_EPS)
    else:
        size = counts.tp + counts.fp / 2 + counts.fn / 2
        sq = np.where(size > 0, counts.iou / np.maximum(counts.tp, 1), np.nan)
        rq = np.divide(counts.tp, size, out=np.full(len(size), np.nan), where=size > 0)
    pq = sq * rq
    is_thing = np.array([info.is_thing for info in label_space.classes])
    return PanopticScores(
        pq=_mean(pq),
        pq_th=_mean(pq[is_thing]),
        pq_st=_mean(pq[~is_thing]),
        pq_all=_mean(np.nan_to_num(pq)),
        sq=_mean(sq),
        rq=_mean(rq),
        classes={
            info.dataset_id: ClassQuality(
                info.name,
                pq=none_if_nan(pq[i]),
                sq=none_if_nan(sq[i]),
                rq=none_if_nan(rq[i]),
                tp=int(counts.tp[i]),
                fp=int(counts.fp[i]),
                fn=int(counts.fn[i]),
            )
            for i, info in enumerate(label_space.classes)
        },
    )


def _mean(values: np.ndarray) -> Optional[float]:
    """Return the mean of the values that are not NaN, None if there are none."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else None


@register_metric('pq')
class PanopticQuality(PairMetric[PanopticScores]):
    """PQ of single images.

    ``'official'`` follows panopticapi: crowd is ignored and means run over the classes that occur. ``'paper-repo'``
    takes crowd for an ordinary segment and absent classes for 0.

    Args:
        label_space: The classes.
        protocol: ``'official'`` or ``'paper-repo'``.

    Example:
        >>> from knet.labels import get_label_space
        >>> metric = PanopticQuality(get_label_space('kitti_step'))
        >>> truth, found = np.array([[0, 0, 0, 13]]), np.array([[0, 0, 13, 13]])
        >>> metric.update(truth, truth // 13, found, found // 13)  # The road has IoU 2/3, the car 1/2: no match.
        >>> quality = metric.compute()
        >>> round(quality.pq, 3), quality.pq_th, quality.classes[13].fp, quality.classes[13].fn
        (0.333, 0.0, 1, 1)
    """

    def __init__(self, label_space: LabelSpace, protocol: str = OFFICIAL) -> None:
        official = check_protocol(protocol) == OFFICIAL
        self.label_space = label_space
        self.protocol = protocol
        self.counts = MatchCounts(label_space.num_classes)
        self._matcher = SegmentMatcher(label_space, MatchRules(void_with_instance=official, crowd_ignored=official))

    @classmethod
    def for_data(cls, label_space: LabelSpace, truth: Any, protocol: str = OFFICIAL) -> 'PanopticQuality':
        """Return an accumulator that follows a protocol."""
        return cls(label_space, protocol)

    def update_pairs(self, pairs: Optional[PairCounts], video_id: int = 0) -> None:
        """Add one image whose overlaps are counted already; None adds nothing."""
        if pairs is not None:
            self.counts.add(self._matcher.match(pairs))

    def merge(self, other: 'PanopticQuality') -> None:
        """Add what another accumulator has seen."""
        self.counts.add(other.counts)

    def compute(self) -> PanopticScores:
        """Return the scores of everything seen so far."""
        return panoptic_scores(self.counts, self.label_space, self.protocol)
