"""What a metric and its result are, and how stored predictions are scored: the same for every metric.

A metric is an accumulator. It is updated with one video after another, in any order and in any number of processes,
merged, and computed once. A metric of your own is one class::

    @register_metric('accuracy')
    class PixelAccuracy(PairMetric[Scores]):
        ...

It is found by its name wherever metrics are chosen by name, for example by ``--eval accuracy``.
"""

from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Callable, ClassVar, Dict, Generic, List, Mapping, Optional, Tuple, Type, TypeVar

import numpy as np
from tqdm import tqdm

from knet.evaluation.frames import Skipped, iterate_pairs, pair_up
from knet.evaluation.pairs import PairCounts, count_pairs, pack_tables, unpack_tables
from knet.evaluation.protocols import OFFICIAL
from knet.evaluation.tables import format_table
from knet.evaluation.workers import map_in_processes
from knet.labels import LabelSpace
from knet.utils.cli import UsageError

R = TypeVar('R', bound='Result')
M = TypeVar('M', bound='Metric')
#: What is counted in the files of a video: integer arrays by name.
Counts = Dict[str, np.ndarray]


class Result(ABC):
    """Scores of a data set.

    Results that may cover a part of the data set only are dataclasses with a field ``skipped``.
    """

    @abstractmethod
    def headline(self) -> Dict[str, Optional[float]]:
        """Return the few scores that a log line, a hook or a summary shows, as fractions in 0..1; None if undefined."""

    @abstractmethod
    def table(self) -> str:
        """Return readable tables, in percent."""

    @abstractmethod
    def to_json(self) -> Dict[str, Any]:
        """Return all scores as plain dicts, lists and numbers, fractions in 0..1."""

    def with_skipped(self: R, skipped: Skipped) -> R:
        """Return the same scores with a note of what was left out."""
        return replace(self, skipped=skipped)  # type: ignore[type-var]


@dataclass(frozen=True)
class Scores(Result):
    """A result that consists of named scores only.

    Attributes:
        scores: Fractions in 0..1 by name; None if undefined.
        skipped: Videos and frames that were left out.
    """

    scores: Dict[str, Optional[float]]
    skipped: Skipped = field(default_factory=Skipped)

    def headline(self) -> Dict[str, Optional[float]]:
        """Return all scores."""
        return dict(self.scores)

    def table(self) -> str:
        """Return one row with all scores, in percent."""
        rows = format_table(('', *self.scores), [('all', *self.scores.values())])
        return '\n\n'.join([rows, *self.skipped.notes()])

    def to_json(self) -> Dict[str, Any]:
        """Return all scores; ``skipped`` is there only when something was left out."""
        return self.skipped.added_to(dict(self.scores))


class Metric(ABC, Generic[R]):
    """Accumulates the counts of videos (or images) and turns them into a :class:`Result`.

    Attributes:
        name: Name of the result; ``<name>.json`` holds its scores. Metrics that are computed together share a class.
        reads: Kind of the predictions: ``'maps'`` (label maps), ``'depth'`` (label maps and depth maps) or
            ``'tracks'``.
    """

    name: ClassVar[str]
    reads: ClassVar[str] = 'maps'

    @classmethod
    def for_data(cls: Type[M], label_space: LabelSpace, truth: Any, protocol: str = OFFICIAL) -> M:
        """Return an accumulator that follows the protocol of a benchmark.

        Args:
            label_space: Classes of the predictions.
            truth: Ground truth of the benchmark.
            protocol: ``'official'`` or ``'paper-repo'``, for metrics that know both.
        """
        return cls(label_space)  # type: ignore[call-arg]

    def update_video(self, predictions: Any, truth: Any, video_id: int) -> None:
        """Add a video from its files.

        Args:
            predictions: Stored predictions.
            truth: Ground truth of the predictions.
            video_id: Number of the video.
        """
        self.add_counts(self.read_video(predictions, truth, video_id), video_id)

    def read_video(self, predictions: Any, truth: Any, video_id: int) -> Counts:
        """Return what is counted in the files of a video, for this process or another to add.

        A metric that overrides :meth:`update_video` instead works in one job, which may have several processes.

        Args:
            predictions: Stored predictions.
            truth: Ground truth of the predictions.
            video_id: Number of the video.
        """
        raise UsageError(f'{self.name}: this metric cannot be split into jobs; score without --shard and --merge')

    def add_counts(self, counts: Counts, video_id: int) -> None:
        """Add what :meth:`read_video` has counted in a video."""
        raise NotImplementedError(f'{type(self).__qualname__}.add_counts')

    def reading(self) -> Dict[str, Any]:
        """Return the settings that decide what :meth:`read_video` counts, as JSON has it."""
        return {}

    @abstractmethod
    def merge(self: M, other: M) -> None:
        """Add what another accumulator of the same kind has seen."""

    @abstractmethod
    def compute(self) -> R:
        """Return the scores of everything seen so far."""

    def pair_up(self, predictions: Any, truth: Any, allow_missing: bool) -> Tuple[Dict[int, int], Skipped]:
        """Check that predictions and ground truth belong together.

        Args:
            predictions: Stored predictions.
            truth: Ground truth of the predictions; its videos are scored.
            allow_missing: If True, score the frames that both sides have. If False, missing frames are an error.

        Returns:
            Number of frames by video number, and the videos and frames that will be left out.

        Raises:
            ValueError: If frames of one side are missing on the other side, or a number is another video there.
        """
        skipped = pair_up(predictions, truth, allow_missing)
        return {v: len(truth.frames(v)) for v in truth.videos() if v not in skipped.videos}, skipped


class PairMetric(Metric[R]):
    """A metric that depends on the label maps only through :class:`~knet.evaluation.pairs.PairCounts`.

    Attributes:
        label_space: Classes of the label maps.
        depth_thres: Pixels whose depth is off by more than this share of the true depth count as not predicted; None
            does not look at depth.
    """

    label_space: LabelSpace
    depth_thres: Optional[float] = None

    @abstractmethod
    def update_pairs(self, pairs: Optional[PairCounts], video_id: int = 0) -> None:
        """Add the next frame of a video, or an image.

        Args:
            pairs: Overlaps of the frame; None for a labelled frame without prediction.
            video_id: Number of the video.
        """

    def update(
        self, gt_sem: np.ndarray, gt_ins: np.ndarray, pred_sem: np.ndarray, pred_ins: np.ndarray, video_id: int = 0
    ) -> None:
        """Add the next frame of a video, or an image.

        Args:
            gt_sem: (H, W) integers, true dataset class ids or void.
            gt_ins: (H, W) integers, true instance ids.
            pred_sem: (H, W) integers, predicted dataset class ids or void.
            pred_ins: (H, W) integers, predicted instance ids.
            video_id: Number of the video.
        """
        self.update_pairs(count_pairs(gt_sem, gt_ins, pred_sem, pred_ins, self.label_space), video_id)

    def read_video(self, predictions: Any, truth: Any, video_id: int) -> Counts:
        """Return the overlaps of all frames of a video."""
        frames = iterate_pairs(predictions, truth, self.label_space, video_id, self.depth_thres)
        return pack_tables([pairs for _, pairs in frames])

    def add_counts(self, counts: Counts, video_id: int) -> None:
        """Add the overlaps of all frames of a video."""
        for pairs in unpack_tables(counts):
            self.update_pairs(pairs, video_id)

    def reading(self) -> Dict[str, Any]:
        """Return the classes, and how depth counts."""
        return dict(classes=self.label_space.to_plain(), depth_thres=self.depth_thres)


#: Metrics by the names that ``--eval`` takes.
METRICS: Dict[str, Type[Metric]] = {}


def register_metric(*names: str) -> Callable[[Type[M]], Type[M]]:
    """Make a metric available by one or more names; the first is also its :attr:`Metric.name` unless it has one.

    Raises:
        KeyError: If a name is taken.
    """

    def register(metric: Type[M]) -> Type[M]:
        for name in names:
            if name in METRICS:
                raise KeyError(f'metric {name!r} is already registered, by {METRICS[name].__qualname__}')
            METRICS[name] = metric
        if not hasattr(metric, 'name'):
            metric.name = names[0]
        return metric

    return register


def metric_names(reads: str) -> List[str]:
    """Return the names of the metrics that read ``'maps'``, ``'depth'`` or ``'tracks'``."""
    return [name for name, metric in METRICS.items() if metric.reads == reads]


def score(metric: Metric[R], predictions: Any, truth: Any, nproc: int = 1, allow_missing: bool = False) -> R:
    """Score stored predictions.

    Args:
        metric: Empty accumulator; all frames are added to it.
        predictions: Stored predictions.
        truth: Ground truth of the predictions; its videos are scored.
        nproc: Number of processes, at most one per video.
        allow_missing: If True, score the frames that both sides have; the result lists those that were left out. If
            False, missing frames are an error.

    Returns:
        The scores.

    Raises:
        ValueError: If frames are missing, a number is another video there, sizes differ, a class is unknown or a file
            is damaged.
        FileNotFoundError: If depth is needed and missing.
    """
    lengths, skipped = metric.pair_up(predictions, truth, allow_missing)
    return combine_videos(metric, map_videos(_count_video, metric, predictions, truth, lengths, nproc), skipped)


#: Predictions and ground truth of one video, and its number.
OneVideo = Tuple[Any, Any, int]


def map_videos(
    function: Callable[[M, OneVideo], Any],
    metric: M,
    predictions: Any,
    truth: Any,
    lengths: Mapping[int, int],
    nproc: int,
) -> Dict[int, Any]:
    """Return ``function(metric, video)`` by video.

    Args:
        function: Function of a module.
        metric: Empty accumulator.
        predictions: Stored predictions of all videos.
        truth: Ground truth of the predictions.
        lengths: Number of frames by video; long videos start first.
        nproc: Number of processes, at most one per video.
    """
    order = sorted(lengths, key=lambda video: (-lengths[video], video))
    videos = [(predictions.only(video), truth.only(video), video) for video in order]
    nproc = min(nproc, len(order))
    parts = {}
    # Only a terminal shows a bar, and only until the scores come.
    with tqdm(total=len(order), unit='video', desc='scoring', leave=False, disable=None) as bar:
        if nproc > 1:
            return dict(zip(order, map_in_processes(function, (metric,), videos, nproc, bar.update)))
        for video in videos:
            parts[video[-1]] = function(metric, video)
            bar.update()
    return parts


def combine_videos(metric: Metric[R], parts: Mapping[int, Metric[R]], skipped: Skipped) -> R:
    """Return the scores of all videos.

    Args:
        metric: Empty accumulator; all videos are added to it.
        parts: An accumulator for every video.
        skipped: What is left out.
    """
    # Sums are taken in ascending order, whatever process or job they come from.
    for video in sorted(parts):
        metric.merge(parts[video])
    result = metric.compute()
    return result.with_skipped(skipped) if skipped else result


def _count_video(metric: M, video: OneVideo) -> M:
    """Return an accumulator that has seen one video."""
    part = deepcopy(metric)
    part.update_video(*video)
    return part
