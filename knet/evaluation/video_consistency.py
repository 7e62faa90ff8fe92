"""VC_n, video consistency (Miao et al., VSPW, CVPR 2021): the share of constant pixels that keep their predicted class.

In every window of n consecutive frames, the pixels count whose label is the same in all frames of the window. Two
variants are in use:

``script``
    The variant of the published evaluation script of VSPW, and with it of the tables of the papers: a pixel is
    consistent if its *prediction* is the same in all n frames, right or wrong; 255 and 0 are labels like others;
    windows start at frames 0..T-n-1, so the last one is left out and a video of T <= n frames has none; a window
    without a constant pixel is left out; VC_n is the mean over all windows of all videos.

``paper``
    The variant of the formula of the paper: a pixel is consistent if its prediction *equals its label* in all n frames;
    void is no label; all windows 0..T-n.
"""

import math
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

WINDOWS = (8, 16)
_MAX_WINDOW = 255
#: (consistent pixels, constant pixels) of a window.
Counts = Tuple[int, int]


@dataclass(frozen=True)
class VCScore:
    """VC_n of a video or of a data set.

    Attributes:
        script: Variant of the published script, 0..1; None without a window.
        paper: Variant of the paper's formula, 0..1; None without a window.
        windows: Number of windows that ``script`` averages.
    """

    script: Optional[float]
    paper: Optional[float]
    windows: int


class VideoConsistency:
    """Accumulates the frames of videos; memory holds one frame.

    The number of frames since the last change of label and prediction is counted for every pixel, so that a frame costs
    the same for every n and no window is stored.

    Args:
        windows: Values of n, 2..255.
        void: Label that the paper's formula leaves out.

    Raises:
        ValueError: If a window is too short or too long.
    """

    def __init__(self, windows: Sequence[int] = WINDOWS, void: int = 255) -> None:
        if not windows or not all(2 <= n <= _MAX_WINDOW for n in windows):
            raise ValueError(f'windows of VC must hold 2..{_MAX_WINDOW} frames, got {tuple(windows)}')
        self.windows = tuple(windows)
        self.void = void
        self._script: Dict[int, Dict[int, List[Counts]]] = {}
        self._paper: Dict[int, Dict[int, List[Counts]]] = {}
        self._video: Optional[int] = None
        self._length = 0
        self._last_labels = self._last_semantic = self._last_predicted = np.zeros((0, 0), np.uint8)

    def update(
        self, semantic: np.ndarray, predicted: np.ndarray, video_id: int, labels: Optional[np.ndarray] = None
    ) -> None:
        """Add the next frame of a video.

        Args:
            semantic: (H, W) integers, true class ids or void.
            predicted: (H, W) integers, predicted class ids.
            video_id: Number of the video; its frames come one after another.
            labels: (H, W) integers whose constancy the script compares, where they tell more apart than ``semantic``
                (several kinds of void).

        Raises:
            ValueError: If sizes differ, or the video was left before.
        """
        labels = semantic if labels is None else labels
        if not semantic.shape == predicted.shape == labels.shape:
            raise ValueError(
                f'video {video_id}: ground truth {semantic.shape} and prediction {predicted.shape} differ in size'
            )
        if video_id != self._video:
            self._begin(video_id, semantic.shape)
        elif semantic.shape != self._label_run.shape:
            raise ValueError(
                f'video {video_id}: a frame is {semantic.shape}, the one before {self._label_run.shape}; '
                'all frames of a video must have one size'
            )
        if self._length:
            self._advance(self._label_run, labels == self._last_labels)
            self._advance(self._class_run, semantic == self._last_semantic)
            self._advance(self._predicted_run, predicted == self._last_predicted)
        self._advance(self._hit_run, (predicted == semantic) & (semantic != self.void), restart=0)
        self._last_labels, self._last_semantic, self._last_predicted = labels, semantic, predicted
        self._length += 1
        for n in self.windows:
            if self._length >= n:
                self._count(video_id, n)

    def _begin(self, video_id: int, shape: Tuple[int, ...]) -> None:
        if video_id in self._script:
            raise ValueError(f'the frames of video {video_id} must follow each other')
        self._script[video_id] = {n: [] for n in self.windows}
        self._paper[video_id] = {n: [] for n in self.windows}
        self._video, self._length = video_id, 0
        self._label_run, self._class_run, self._predicted_run = (np.ones(shape, np.uint8) for _ in range(3))
        self._hit_run = np.zeros(shape, np.uint8)

    @staticmethod
    def _advance(run: np.ndarray, goes_on: np.ndarray, restart: int = 1) -> None:
        """Lengthen runs by one frame, up to 255, in place; restart those that ended."""
        np.add(run, run < _MAX_WINDOW, out=run, casting='unsafe')
        run[~goes_on] = restart

    def _count(self, video_id: int, n: int) -> None:
        """Count the window that ends at the current frame."""
        constant = self._label_run >= n
        agreeing = np.count_nonzero(constant & (self._predicted_run >= n))
        self._script[video_id][n].append((int(agreeing), int(np.count_nonzero(constant))))
        constant = (self._class_run >= n) & (self._last_semantic != self.void)
        agreeing = np.count_nonzero(constant & (self._hit_run >= n))
        self._paper[video_id][n].append((int(agreeing), int(np.count_nonzero(constant))))

    def interrupt(self) -> None:
        """Mark a gap of missing frames, which no window reaches over."""
        if self._length:
            self._length = 0
            for run in (self._label_run, self._class_run, self._predicted_run):
                run[:] = 1
            self._hit_run[:] = 0

    def counts(self, video_id: int) -> Dict[str, np.ndarray]:
        """Return (W, 2) int64 consistent and constant pixels of the windows of a video, by variant and n."""
        return {
            f'{variant}{n}': np.array(counts, dtype=np.int64).reshape(-1, 2)
            for variant, videos in (('script', self._script), ('paper', self._paper))
            for n, counts in videos[video_id].items()
        }

    def add_counts(self, counts: Dict[str, np.ndarray], video_id: int) -> None:
        """Add the :meth:`counts` of a video that was not seen yet."""
        part = VideoConsistency(self.windows, self.void)
        for variant, videos in (('script', part._script), ('paper', part._paper)):
            videos[video_id] = {n: [(a, c) for a, c in counts[f'{variant}{n}'].tolist()] for n in self.windows}
        self.merge(part)

    def merge(self, other: 'VideoConsistency') -> None:
        """Add what another accumulator has seen of other videos.

        Raises:
            ValueError: If a video is in both, or the windows differ.
        """
        both = sorted(set(self._script) & set(other._script))
        if both or self.windows != other.windows:
            raise ValueError(f'cannot merge: videos {both} in both, windows {self.windows} and {other.windows}')
        self._script.update(other._script)
        self._paper.update(other._paper)

    def compute(self) -> Dict[int, VCScore]:
        """Return the scores of everything seen so far, by n."""
        return {n: self._score(n, list(self._script)) for n in self.windows}

    def compute_videos(self) -> Dict[int, Dict[int, VCScore]]:
        """Return the scores by video, then by n."""
        return {video: {n: self._score(n, [video]) for n in self.windows} for video in sorted(self._script)}

    def _score(self, n: int, videos: Sequence[int]) -> VCScore:
        script = [counts for video in videos for counts in self._script[video][n][:-1] if counts[1]]
        paper = [counts for video in videos for counts in self._paper[video][n] if counts[1]]
        return VCScore(_mean_ratio(script), _mean_ratio(paper), len(script))


def _mean_ratio(counts: Sequence[Counts]) -> Optional[float]:
    """Return the mean of consistent / constant, the same in every order of windows; None without windows."""
    return math.fsum(agreeing / constant for agreeing, constant in counts) / len(counts) if counts else None
