"""DSTQ: depth-aware segmentation and tracking quality (Qiao et al., ViP-DeepLab, 2021; deeplab2).

DSTQ = (STQ^2 * DQ)^(1/3). DQ is the geometric mean over thresholds t of the
share of pixels with max(d / p, p / d) <= t, where d > 0 is the true depth and
p the predicted one; p <= 0 is never right.
"""

from dataclasses import dataclass
from functools import partial
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from knet.evaluation.protocols import OFFICIAL, PAPER_REPO
from knet.evaluation.runner import fit_depth, map_videos
from knet.evaluation.stq import STQResult, evaluate_stq
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace, get_label_space
from knet.layouts.base import VideoGroundTruth
from knet.results.panoptic_store import PredictionReader

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
class DSTQResult:
    """STQ and what depth makes of it.

    Attributes:
        stq: The scores without depth.
        total: Of the data set.
        videos: By video.
    """

    stq: STQResult
    total: DepthScores
    videos: Dict[int, DepthScores]

    def to_json(self) -> Dict[str, object]:
        """The document of :meth:`STQResult.to_json` with DSTQ and DQ added, also per video."""
        document = self.stq.to_json()
        document.update(_plain(self.total))
        for video, scores in self.videos.items():
            document['per_video'][str(video)].update(_plain(scores))
        return document

    def table(self) -> str:
        """Readable tables in percent: those of STQ, then depth per video and of all."""
        thresholds = list(self.total.dq_at)
        header = ('video', 'DSTQ', 'DQ', *(f'DSTQ@{t:g}' for t in thresholds), *(f'DQ@{t:g}' for t in thresholds))
        rows = [
            (name, s.dstq, s.dq, *s.dstq_at.values(), *s.dq_at.values())
            for name, s in [*((str(v), s) for v, s in self.videos.items()), ('all', self.total)]
        ]
        return f'{self.stq.table()}\n\nDSTQ, in percent\n\n{format_table(header, rows)}'


def _plain(scores: DepthScores) -> Dict[str, object]:
    return dict(
        DSTQ=scores.dstq,
        DQ=scores.dq,
        **{f'DSTQ@{t:g}': value for t, value in scores.dstq_at.items()},
        **{f'DQ@{t:g}': value for t, value in scores.dq_at.items()},
    )


class DepthQuality:
    """Accumulates frames of videos; counts are exact integers.

    Args:
        thresholds: Largest ratio of true and predicted depth that is right,
            each > 1.

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
        known = gt_depth > 0
        truth, guess = gt_depth[known], fit_depth(pred_depth, gt_depth.shape)[known]
        found = guess > 0
        truth, guess = truth[found], guess[found]
        ratio = np.maximum(guess / truth, truth / guess)
        counts = [np.count_nonzero(known)] + [np.count_nonzero(ratio <= t) for t in self.thresholds]
        self._counts[video_id] = self._counts.get(video_id, 0) + np.array(counts, dtype=np.int64)

    def merge(self, other: 'DepthQuality') -> None:
        """Add what another accumulator has seen, also of the same videos."""
        for video, counts in other._counts.items():
            self._counts[video] = self._counts.get(video, 0) + counts

    def compute(self, stq: STQResult) -> DSTQResult:
        """The scores of everything seen so far, with the STQ of the same frames."""
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


def evaluate_dstq(
    predictions: PredictionReader,
    ground_truth: VideoGroundTruth,
    label_space: LabelSpace,
    protocol: str = OFFICIAL,
    nproc: int = 1,
    allow_missing: bool = False,
    thresholds: Sequence[float] = DEFAULT_THRESHOLDS,
) -> DSTQResult:
    """Score stored predictions and depth maps with DSTQ.

    ``'paper-repo'`` leaves void pixels out of the depth as well.

    Args:
        predictions: Stored predictions with depth.
        ground_truth: Their ground truth with depth.
        label_space: The classes, or the name of a label space.
        protocol: ``'official'`` or ``'paper-repo'``.
        nproc: Processes, at most one per video.
        allow_missing: See :func:`~knet.evaluation.stq.evaluate_stq`.
        thresholds: See :class:`DepthQuality`.

    Returns:
        The scores.

    Raises:
        FileNotFoundError: If a depth map is missing.
        ValueError: As :func:`~knet.evaluation.stq.evaluate_stq`.
    """
    total = DepthQuality(thresholds)
    stq = evaluate_stq(predictions, ground_truth, label_space, protocol, nproc, allow_missing)
    void = get_label_space(label_space).void if protocol == PAPER_REPO else None
    job = partial(_count_video, predictions, ground_truth, tuple(thresholds), void)
    for part in map_videos(job, {v: s.frames for v, s in stq.videos.items()}, nproc).values():
        total.merge(part)
    return total.compute(stq)


def _count_video(
    predictions: PredictionReader,
    ground_truth: VideoGroundTruth,
    thresholds: Tuple[float, ...],
    left_out: Optional[int],
    video: int,
) -> DepthQuality:
    """The depth of one video; pixels of class ``left_out`` don't count."""
    metric, predicted = DepthQuality(thresholds), set(predictions.frames(video))
    for frame in ground_truth.frames(video):
        if frame in predicted:
            depth = ground_truth.read_depth(video, frame)
            if left_out is not None:
                depth = np.where(ground_truth.read(video, frame)[0] == left_out, 0, depth)
            metric.update(depth, predictions.read_depth(video, frame), video)
    return metric
