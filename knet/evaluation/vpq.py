"""VPQ: video panoptic quality (Kim et al., 2020).

VPQ is the PQ of windows: k consecutive frames are taken as one image, so that a segment is a short tube and a change of
identity breaks it. Windows slide by one frame.

>>> import numpy as np
>>> from knet.labels import get_label_space
>>> metric = VideoPanopticQuality(get_label_space('kitti_step'), ks=(1, 2))
>>> car = np.full((1, 4), 13)
>>> for track in (1, 2):  # The predicted car changes its identity in the second frame.
...     metric.update(car, np.ones((1, 4), int), car, np.full((1, 4), track))
>>> result = metric.compute()
>>> result.windows[1].scores.pq, result.windows[2].scores.pq, result.vpq
(1.0, 0.0, 0.5)
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Deque, Dict, List, Optional, Sequence, Tuple

import numpy as np

from knet.evaluation.frames import Skipped
from knet.evaluation.metric import PairMetric, Result, register_metric
from knet.evaluation.pairs import PairCounts
from knet.evaluation.pq import MatchCounts, MatchRules, PanopticScores, SegmentMatcher, panoptic_scores
from knet.evaluation.protocols import OFFICIAL, PAPER_REPO, check_protocol, vpq_ignores_crowd
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace

DEFAULT_KS = (1, 2, 3, 4)


@dataclass(frozen=True)
class WindowScores:
    """Scores for one window length.

    Attributes:
        scores: PQ of the windows of all videos.
        windows: Number of windows scored.
        videos: PQ of the windows of each video.
        short_videos: Numbers of the videos with fewer frames than the window.
    """

    scores: PanopticScores
    windows: int
    videos: Dict[int, PanopticScores]
    short_videos: Tuple[int, ...]


@dataclass(frozen=True)
class VPQResult(Result):
    """Scores of a data set, 0..1; None where undefined.

    Attributes:
        protocol: ``'official'`` or ``'paper-repo'``.
        vpq: Mean over the window lengths; None if one of them is undefined.
        windows: Scores by window length k.
        skipped: Videos and frames that were left out.
    """

    protocol: str
    vpq: Optional[float]
    windows: Dict[int, WindowScores]
    skipped: Skipped = field(default_factory=Skipped)

    def headline(self) -> Dict[str, Optional[float]]:
        """Return VPQ, the mean over the window lengths."""
        return dict(VPQ=self.vpq)

    def to_json(self) -> Dict[str, Any]:
        """Return plain numbers: protocol, VPQ, and for each k VPQ, its groups and classes.

        ``skipped`` is there only when something was left out.
        """
        document = dict(protocol=self.protocol, **self.headline(), k={str(k): self._k_to_json(k) for k in self.windows})
        return self.skipped.added_to(document)

    def _k_to_json(self, k: int) -> Dict[str, Any]:
        scores = self.windows[k].scores
        return dict(
            VPQ=scores.pq,
            VPQ_th=scores.pq_th,
            VPQ_st=scores.pq_st,
            windows=self.windows[k].windows,
            per_class={
                str(i): dict(pq=c.pq, sq=c.sq, rq=c.rq, tp=c.tp, fp=c.fp, fn=c.fn) for i, c in scores.classes.items()
            },
        )

    def table(self) -> str:
        """Return readable tables in percent: per class, per video, per window length k.

        The counts of every class are in :meth:`to_json`.
        """
        columns = [f'PQ(k={k})' for k in self.windows]
        first = next(iter(self.windows.values()))
        classes = [
            (f'{i} {c.name}', *(w.scores.classes[i].pq for w in self.windows.values()))
            for i, c in first.scores.classes.items()
        ]
        videos = [(str(v), *(w.videos[v].pq for w in self.windows.values())) for v in first.videos]
        parts = [
            f'VPQ, protocol {self.protocol}, in percent',
            format_table(('class', *columns), classes),
            format_table(('video', *columns), videos),
        ]
        rows: List[Tuple] = [
            (f'k={k}', w.scores.pq, w.scores.pq_th, w.scores.pq_st, w.scores.pq_all, w.windows)
            for k, w in self.windows.items()
        ]
        rows.append(('mean', self.vpq, '', '', '', ''))
        parts.append(format_table(('all', 'VPQ', 'things', 'stuff', 'absent=0', 'windows'), rows))
        parts += self._notes()
        return '\n\n'.join(parts)

    def _notes(self) -> List[str]:
        notes = []
        for k, window in self.windows.items():
            if window.short_videos:
                done = 'scored as one window' if self.protocol == PAPER_REPO else 'contribute nothing'
                names = ', '.join(map(str, window.short_videos))
                notes.append(f'k={k}: videos with fewer than {k} frames {done}: {names}')
        return notes + self.skipped.notes()


@register_metric('vpq')
class VideoPanopticQuality(PairMetric[VPQResult]):
    """Accumulates videos, each frame by frame in order.

    ``'official'``: means over classes that occur, every void pixel is void, videos shorter than k contribute nothing
    for that k. ``'paper-repo'``: means over all classes, void pixels with an instance id stay in the union, videos
    shorter than k are one window. Crowd is an ordinary segment, as the KITTI-STEP evaluator has it, or ignored, as
    Cityscapes-VPS and VIPSeg have it (:func:`~knet.evaluation.protocols.vpq_ignores_crowd`).

    Args:
        label_space: The classes.
        ks: Window lengths in frames, each >= 1.
        protocol: ``'official'`` or ``'paper-repo'``.
        depth_thres: Depth-aware VPQ: pixels whose depth is off by more than this share of the true depth count as not
            predicted.

    Raises:
        ValueError: If a window length is below 1 or none is given.
    """

    def __init__(
        self,
        label_space: LabelSpace,
        ks: Sequence[int] = DEFAULT_KS,
        protocol: str = OFFICIAL,
        depth_thres: Optional[float] = None,
    ) -> None:
        if not ks or min(ks) < 1:
            raise ValueError(f'window lengths must be 1 or more frames, got {list(ks)}')
        self.label_space = label_space
        self.depth_thres = depth_thres
        self.ks = tuple(sorted(set(ks)))
        self.protocol = check_protocol(protocol)
        rules = MatchRules(
            void_with_instance=protocol == OFFICIAL, crowd_ignored=vpq_ignores_crowd(protocol, label_space)
        )
        self._matcher = SegmentMatcher(label_space, rules)
        self._videos: Dict[int, _VideoState] = {}

    @classmethod
    def for_data(cls, label_space: LabelSpace, truth: Any, protocol: str = OFFICIAL) -> 'VideoPanopticQuality':
        """Return an accumulator with the window lengths of the benchmark."""
        return cls(label_space, truth.vpq_windows, protocol)

    def update_pairs(self, pairs: Optional[PairCounts], video_id: int = 0) -> None:
        """Add the next frame of a video.

        Args:
            pairs: Overlaps of the frame; None if it has no prediction, which leaves out all windows that contain it.
            video_id: Video number.
        """
        state = self._videos.setdefault(video_id, _VideoState(self.ks, self.label_space.num_classes))
        state.frames += 1
        state.last.append(pairs)
        recent = list(state.last)
        for k in self.ks:
            if len(recent) >= k:
                self._score_window(state, k, recent[-k:])

    def _score_window(self, state: '_VideoState', k: int, frames: Sequence[Optional[PairCounts]]) -> None:
        found = [pairs for pairs in frames if pairs is not None]
        if len(found) == len(frames):
            state.counts[k].add(self._matcher.match(PairCounts.sum(found)))
            state.windows[k] += 1

    def merge(self, other: 'VideoPanopticQuality') -> None:
        """Add the videos of another accumulator.

        Raises:
            ValueError: If both have seen the same video, because windows with frames of both would be missing.
        """
        shared = sorted(set(self._videos) & set(other._videos))
        if shared:
            raise ValueError(f'video {shared[0]} is in both accumulators; give all its frames to one')
        self._videos.update(other._videos)

    def compute(self) -> VPQResult:
        """Return the scores of everything seen so far."""
        results = {k: self._compute_k(k) for k in self.ks}
        scores = [window.scores.pq for window in results.values()]
        defined = [value for value in scores if value is not None]
        vpq = float(np.mean(defined)) if len(defined) == len(scores) else None
        return VPQResult(self.protocol, vpq, results)

    def _compute_k(self, k: int) -> WindowScores:
        total, windows, videos, short = MatchCounts(self.label_space.num_classes), 0, {}, []
        for video in sorted(self._videos):
            state = self._videos[video]
            counts, num_windows = state.counts[k], state.windows[k]
            if state.frames < k:
                short.append(video)
                frames = [pairs for pairs in state.last if pairs is not None]
                if self.protocol == PAPER_REPO and len(frames) == len(state.last):
                    counts, num_windows = self._matcher.match(PairCounts.sum(frames)), 1
            total.add(counts)
            windows += num_windows
            videos[video] = panoptic_scores(counts, self.label_space, self.protocol)
        scores = panoptic_scores(total, self.label_space, self.protocol)
        return WindowScores(scores, windows, videos, tuple(short))


class _VideoState:
    """State of an accumulator for one video.

    Attributes:
        last: Overlaps of the last frames, as many as the longest window needs.
        frames: Number of frames seen.
        counts: Matches and misses by window length.
        windows: Number of windows scored by window length.
    """

    def __init__(self, ks: Sequence[int], num_classes: int) -> None:
        self.last: Deque[Optional[PairCounts]] = deque(maxlen=max(ks))
        self.frames = 0
        self.counts = {k: MatchCounts(num_classes) for k in ks}
        self.windows = dict.fromkeys(ks, 0)
