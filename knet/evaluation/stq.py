"""STQ: segmentation and tracking quality (Weber et al., STEP, 2021).

STQ = sqrt(AQ * SQ). SQ is the mean class IoU of all pixels. AQ compares tubes, the pixels of one instance over the
whole video: every ground-truth tube g scores the sum over predicted tubes p of TPA(g, p) * IoU(g, p), divided by its
size |g|. Classes don't have to agree for AQ, identities do.

>>> from knet.labels import get_label_space
>>> metric = STQuality(get_label_space('kitti_step'))
>>> car = np.full((1, 4), 13)
>>> for track in (1, 2):  # The predicted car changes its identity in the second frame.
...     metric.update(car, np.ones((1, 4), int), car, np.full((1, 4), track))
>>> result = metric.compute()
>>> result.aq, result.sq, round(result.stq, 4)
(0.5, 1.0, 0.7071)
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from knet.evaluation.frames import Skipped
from knet.evaluation.metric import PairMetric, Result, register_metric
from knet.evaluation.pairs import PairCounts, segment_class, segment_instance
from knet.evaluation.protocols import OFFICIAL, PAPER_REPO, check_protocol, stq_things
from knet.evaluation.semantic import confusion_matrix, intersection_over_union, none_if_nan
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace


@dataclass(frozen=True)
class VideoSTQ:
    """Scores of one video, 0..1; None where undefined.

    Attributes:
        stq: Segmentation and tracking quality.
        aq: Association quality; 0 without ground-truth tubes.
        sq: Segmentation quality.
        frames: Number of frames scored.
        tubes: Number of ground-truth tubes.
    """

    stq: Optional[float]
    aq: float
    sq: Optional[float]
    frames: int
    tubes: int


@dataclass(frozen=True)
class STQResult(Result):
    """Scores of a data set, 0..1; None where undefined.

    Attributes:
        protocol: ``'official'`` or ``'paper-repo'``.
        stq: Segmentation and tracking quality.
        aq: Association quality, the mean over all ground-truth tubes.
        sq: Segmentation quality.
        class_iou: IoU by dataset id, None for classes that don't occur.
        class_names: Names by dataset id.
        void_predicted: True if void was predicted on labelled pixels, which SQ counts as one more class with IoU 0.
        videos: Scores by video.
        skipped: Videos and frames that were left out.
    """

    protocol: str
    stq: Optional[float]
    aq: float
    sq: Optional[float]
    class_iou: Dict[int, Optional[float]]
    class_names: Dict[int, str]
    void_predicted: bool
    videos: Dict[int, VideoSTQ]
    skipped: Skipped = field(default_factory=Skipped)

    def headline(self) -> Dict[str, Optional[float]]:
        """Return STQ, AQ and SQ."""
        return dict(STQ=self.stq, AQ=self.aq, SQ=self.sq)

    def to_json(self) -> Dict[str, Any]:
        """Return plain numbers: protocol, STQ, AQ, SQ, per_class, per_video.

        ``skipped`` is there only when something was left out.
        """
        document: Dict[str, Any] = dict(
            protocol=self.protocol,
            **self.headline(),
            per_class={str(i): dict(name=self.class_names[i], iou=iou) for i, iou in self.class_iou.items()},
            per_video={str(v): dict(STQ=s.stq, AQ=s.aq, SQ=s.sq, frames=s.frames) for v, s in self.videos.items()},
        )
        return self.skipped.added_to(document)

    def table(self) -> str:
        """Return readable tables in percent: per class, per video, all."""
        classes = [(f'{i} {self.class_names[i]}', iou) for i, iou in self.class_iou.items()]
        if self.void_predicted:
            classes.append(('void predicted on labelled pixels (counts in SQ)', 0.0))
        videos = [(str(v), s.stq, s.aq, s.sq, s.frames, s.tubes) for v, s in self.videos.items()]
        total = (
            'all',
            self.stq,
            self.aq,
            self.sq,
            sum(s.frames for s in self.videos.values()),
            sum(s.tubes for s in self.videos.values()),
        )
        parts = [
            f'STQ, protocol {self.protocol}, in percent',
            format_table(('class', 'IoU'), classes),
            format_table(('video', 'STQ', 'AQ', 'SQ', 'frames', 'tubes'), [*videos, total]),
            *self.skipped.notes(),
        ]
        return '\n\n'.join(parts)


@register_metric('stq')
class STQuality(PairMetric[STQResult]):
    """Accumulates frames of videos; frames of a video may come in any order.

    ``'official'`` follows deeplab2: ground-truth void stays in, so that predicted tubes lying on it are larger.
    ``'paper-repo'`` removes it first and on KITTI-STEP takes classes 11 to 18 for things. Crowd (thing class, instance
    0) belongs to no tube, and neither do predictions on it.

    Args:
        label_space: The classes.
        protocol: ``'official'`` or ``'paper-repo'``.
    """

    def __init__(self, label_space: LabelSpace, protocol: str = OFFICIAL) -> None:
        self.label_space = label_space
        self.protocol = check_protocol(protocol)
        self._is_thing = np.zeros(256, dtype=bool)
        self._is_thing[list(stq_things(protocol, label_space))] = True
        self._frames: Dict[int, List[PairCounts]] = {}
        self._num_frames: Dict[int, int] = {}

    @classmethod
    def for_data(cls, label_space: LabelSpace, truth: Any, protocol: str = OFFICIAL) -> 'STQuality':
        """Return an accumulator that follows a protocol."""
        return cls(label_space, protocol)

    def update_pairs(self, pairs: Optional[PairCounts], video_id: int = 0) -> None:
        """Add a frame whose overlaps are counted already; one without prediction adds nothing."""
        if pairs is None:
            return
        self._frames.setdefault(video_id, []).append(pairs)
        self._num_frames[video_id] = self._num_frames.get(video_id, 0) + 1

    def merge(self, other: 'STQuality') -> None:
        """Add what another accumulator has seen, also of the same videos."""
        for video, tables in other._frames.items():
            self._frames[video] = [PairCounts.sum([*self._frames.get(video, []), *tables])]
            self._num_frames[video] = self._num_frames.get(video, 0) + other._num_frames[video]

    def compute(self) -> STQResult:
        """Return the scores of everything seen so far."""
        associations, tubes, videos = 0.0, 0, {}
        matrix = np.zeros((self.label_space.num_classes + 1,) * 2, dtype=np.int64)
        for video in sorted(self._frames):
            pairs = PairCounts.sum(self._frames[video])
            video_matrix = confusion_matrix(pairs, self.label_space)
            association, num_tubes = self._associate(pairs)
            videos[video] = VideoSTQ(*_scores(association, num_tubes, video_matrix), self._num_frames[video], num_tubes)
            associations, tubes, matrix = associations + association, tubes + num_tubes, matrix + video_matrix
        stq, aq, sq = _scores(associations, tubes, matrix)
        iou = intersection_over_union(matrix)
        classes = self.label_space.classes
        return STQResult(
            self.protocol,
            stq,
            aq,
            sq,
            {info.dataset_id: none_if_nan(value) for info, value in zip(classes, iou)},
            {info.dataset_id: info.name for info in classes},
            not np.isnan(iou[-1]),
            videos,
        )

    def _associate(self, pairs: PairCounts) -> Tuple[float, int]:
        """Return the sum of the association scores of the ground-truth tubes, and the number of these tubes."""
        gt, pred, counts = pairs.gt, pairs.pred, pairs.counts
        gt_thing = self._is_thing[segment_class(gt)]
        in_gt_tube = gt_thing & (segment_instance(gt) != 0)
        in_pred_tube = self._is_thing[segment_class(pred)] & ~(gt_thing & ~in_gt_tube)
        if self.protocol == PAPER_REPO:
            in_pred_tube &= segment_class(gt) != self.label_space.void
        gt_tubes, gt_sizes = _sizes(gt[in_gt_tube], counts[in_gt_tube])
        pred_tubes, pred_sizes = _sizes(pred[in_pred_tube], counts[in_pred_tube])
        both = in_gt_tube & in_pred_tube
        overlap = counts[both]
        size_g = gt_sizes[np.searchsorted(gt_tubes, gt[both])]
        size_p = pred_sizes[np.searchsorted(pred_tubes, pred[both])]
        return float((overlap / size_g * (overlap / (size_g + size_p - overlap))).sum()), len(gt_tubes)


def _sizes(codes: np.ndarray, counts: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the unique codes in ascending order and the number of pixels of each, both (N,) int64."""
    unique, index = np.unique(codes, return_inverse=True)
    sizes = np.zeros(len(unique), dtype=np.int64)
    np.add.at(sizes, index, counts)
    return unique, sizes


def _scores(association: float, tubes: int, matrix: np.ndarray) -> Tuple[Optional[float], float, Optional[float]]:
    """Return STQ, AQ and SQ from the summed association scores, the number of tubes and the confusion matrix."""
    iou = intersection_over_union(matrix)
    iou = iou[~np.isnan(iou)]
    aq = association / tubes if tubes else 0.0
    sq = float(iou.mean()) if len(iou) else None
    return (None if sq is None else float(np.sqrt(aq * sq))), aq, sq
