"""DSTQ: depth-aware segmentation and tracking quality (Qiao et al., ViP-DeepLab, 2021; deeplab2).

DSTQ = (STQ^2 * DQ)^(1/3). DQ is the geometric mean over thresholds t of the share of pixels with max(d / p, p / d) <=
t, where d > 0 is the true depth and p the predicted one; p <= 0 is never right.
"""

from dataclasses import dataclass, replace
from typing import Any, Dict, Optional, Sequence

import numpy as np

from knet.evaluation.frames import Skipped, fit_depth
from knet.evaluation.metric import Counts, Metric, Result, register_metric
from knet.evaluation.protocols import OFFICIAL, PAPER_REPO
from knet.evaluation.stq import STQResult, STQuality
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace

DEFAULT_THRESHOLDS = (1.25,)


@dataclass(frozen=True)
class DepthScores:
    """Scores of a video or a data set, 0..1; None where STQ is undefined.

    Attributes:
        dstq: Depth-aware segmentation and tracking quality.
        dq: Depth quality; 0 without a pixel of known depth.
        dstq_at: DSTQ by threshold.
        dq_at: Depth quality by threshold.
        pixels: Pixels of known depth.
    """

    dstq: Optional[float]
    dq: float
    dstq_at: Dict[float, Optional[float]]
    dq_at: Dict[float, float]
    pixels: int


@dataclass(frozen=True)
class DSTQResult(Result):
    """STQ and what depth makes of it.

    Attributes:
        stq: The scores without depth.
        total: Scores of the data set.
        videos: By video.
    """

    stq: STQResult
    total: DepthScores
    videos: Dict[int, DepthScores]

    def headline(self) -> Dict[str, Optional[float]]:
        """Return DSTQ, DQ, and the scores without depth."""
        return dict(DSTQ=self.total.dstq, DQ=self.total.dq, **self.stq.headline())

    def with_skipped(self, skipped: Skipped) -> 'DSTQResult':
        """Return the same scores with a note of what was left out."""
        return replace(self, stq=self.stq.with_skipped(skipped))

    def to_json(self) -> Dict[str, Any]:
        """Return the document of :meth:`STQResult.to_json` with DSTQ and DQ added, also per video."""
        document = self.stq.to_json()
        document.update(_plain(self.total))
        for video, scores in self.videos.items():
            document['per_video'][str(video)].update(_plain(scores))
        return document

    def table(self) -> str:
        """Return readable tables in percent: those of STQ, then depth per video and of all."""
        thresholds = list(self.total.dq_at)
        header = ('video', 'DSTQ', 'DQ', *(f'DSTQ@{t:g}' for t in thresholds), *(f'DQ@{t:g}' for t in thresholds))
        rows = [
            (name, s.dstq, s.dq, *s.dstq_at.values(), *s.dq_at.values())
            for name, s in [*((str(v), s) for v, s in self.videos.items()), ('all', self.total)]
        ]
        return f'{self.stq.table()}\n\nDSTQ, in percent\n\n{format_table(header, rows)}'


def _plain(scores: DepthScores) -> Dict[str, Any]:
    return dict(
        DSTQ=scores.dstq,
        DQ=scores.dq,
        **{f'DSTQ@{t:g}': value for t, value in scores.dstq_at.items()},
        **{f'DQ@{t:g}': value for t, value in scores.dq_at.items()},
    )


class DepthQuality:
    """Accumulates frames of videos; counts are exact integers.

    Args:
        thresholds: Largest ratio of true and predicted depth that is right, each > 1.

    Raises:
        ValueError: If there is no threshold or one is not above 1.
    """

    def __init__(self, thresholds: Sequence[float] = DEFAULT_THRESHOLDS) -> None:
        if not thresholds or min(thresholds) <= 1:
            raise ValueError(f'depth thresholds are ratios above 1, got {list(thresholds)}')
        self.thresholds = tuple(thresholds)
        self._counts: Dict[int, np.ndarray] = {}

    def update(self, gt_depth: np.ndarray, pred_depth: np.ndarray, video_id: int) -> None:
        """Add a frame.

        Args:
            gt_depth: (H, W) metres, 0 = unknown.
            pred_depth: Metres, <= 0 = none; another size is resized to (H, W).
            video_id: Video number.
        """
        self.add(self.count(gt_depth, pred_depth), video_id)

    def count(self, gt_depth: np.ndarray, pred_depth: np.ndarray) -> np.ndarray:
        """Return the (1 + T,) int64 numbers of pixels with known depth, and with right depth by threshold."""
        known = gt_depth > 0
        truth, guess = gt_depth[known], fit_depth(pred_depth, gt_depth.shape)[known]
        found = guess > 0
        truth, guess = truth[found], guess[found]
        ratio = np.maximum(guess / truth, truth / guess)
        right = [np.count_nonzero(ratio <= t) for t in self.thresholds]
        return np.array([np.count_nonzero(known), *right], dtype=np.int64)

    def add(self, counts: np.ndarray, video_id: int) -> None:
        """Add what :meth:`count` has counted."""
        self._counts[video_id] = self._counts.get(video_id, 0) + counts

    def merge(self, other: 'DepthQuality') -> None:
        """Add what another accumulator has seen, also of the same videos."""
        for video, counts in other._counts.items():
            self.add(counts, video)

    def compute(self, stq: STQResult) -> DSTQResult:
        """Return the scores of everything seen so far, with the STQ of the same frames."""
        zero = np.zeros(len(self.thresholds) + 1, dtype=np.int64)
        videos = {
            video: self._scores(self._counts.get(video, zero), scores.stq) for video, scores in stq.videos.items()
        }
        return DSTQResult(stq, self._scores(sum(self._counts.values(), zero), stq.stq), videos)

    def _scores(self, counts: np.ndarray, stq: Optional[float]) -> DepthScores:
        shares = (counts[1:] / counts[0] if counts[0] else np.zeros(len(self.thresholds))).tolist()
        dq = float(np.prod(shares) ** (1 / len(shares)))
        return DepthScores(
            _combine(stq, dq),
            dq,
            {t: _combine(stq, s) for t, s in zip(self.thresholds, shares)},
            dict(zip(self.thresholds, shares)),
            int(counts[0]),
        )


def _combine(stq: Optional[float], depth: float) -> Optional[float]:
    return None if stq is None else float(np.cbrt(stq * stq * depth))


@register_metric('dstq')
class DepthAwareSTQ(Metric[DSTQResult]):
    """Accumulates label maps and depth maps of videos.

    ``'paper-repo'`` leaves void pixels out of the depth as well.

    Args:
        label_space: Classes of the label maps.
        protocol: ``'official'`` or ``'paper-repo'``.
        thresholds: See :class:`DepthQuality`.
    """

    reads = 'depth'

    def __init__(
        self, label_space: LabelSpace, protocol: str = OFFICIAL, thresholds: Sequence[float] = DEFAULT_THRESHOLDS
    ) -> None:
        self.stq = STQuality(label_space, protocol)
        self.depth = DepthQuality(thresholds)
        self._left_out = label_space.void if protocol == PAPER_REPO else None

    @classmethod
    def for_data(cls, label_space: LabelSpace, truth: Any, protocol: str = OFFICIAL) -> 'DepthAwareSTQ':
        """Return an accumulator that follows a protocol."""
        return cls(label_space, protocol)

    def read_video(self, predictions: Any, truth: Any, video_id: int) -> Counts:
        """Return the counts of the label maps and depth maps of a video."""
        counts = self.stq.read_video(predictions, truth, video_id)
        counts['depth'] = np.zeros(1 + len(self.depth.thresholds), dtype=np.int64)
        predicted = set(predictions.frames(video_id))
        for frame in truth.frames(video_id):
            if frame in predicted:
                depth = truth.read_depth(video_id, frame)
                if self._left_out is not None:
                    depth = np.where(truth.read(video_id, frame)[0] == self._left_out, 0, depth)
                counts['depth'] += self.depth.count(depth, predictions.read_depth(video_id, frame))
        return counts

    def add_counts(self, counts: Counts, video_id: int) -> None:
        """Add the counts of a video."""
        self.stq.add_counts(counts, video_id)
        self.depth.add(counts['depth'], video_id)

    def reading(self) -> Dict[str, Any]:
        """Return the classes, the thresholds of the depth, and which class is left out."""
        return dict(self.stq.reading(), thresholds=self.depth.thresholds, left_out=self._left_out)

    def merge(self, other: 'DepthAwareSTQ') -> None:
        """Add what another accumulator has seen, also of the same videos."""
        self.stq.merge(other.stq)
        self.depth.merge(other.depth)

    def compute(self) -> DSTQResult:
        """Return the scores of everything seen so far."""
        return self.depth.compute(self.stq.compute())
