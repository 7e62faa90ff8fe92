"""Average precision of video instance segmentation, as the YouTube-VIS benchmark defines it.

The overlap of two tracks is the sum of their intersections over the sum of their unions, frames in which one is missing
included. All other rules are
those of COCO: greedy matching by score, thresholds 0.5..0.95, precision at 101 recalls. The area of a track is the mean
over the frames in which it is visible.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from pycocotools import mask as mask_api

from knet.evaluation.frames import Skipped
from knet.evaluation.metric import Metric, Result, register_metric
from knet.evaluation.protocols import OFFICIAL
from knet.evaluation.tables import format_table
from knet.labels import LabelSpace
from knet.layouts.coco_video import Track
from knet.layouts.masks import Rle, mask_areas
from knet.layouts.youtube_vis import VisGroundTruth
from knet.results.track_store import Record, TrackPredictions, check_results

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
AREAS: Dict[str, Tuple[float, float]] = {
    '': (0.0, 1e10),
    's': (0.0, 128.0**2),
    'm': (128.0**2, 256.0**2),
    'l': (256.0**2, 1e10),
}
MAX_DETECTIONS = 100
NAMES = ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl')

_EMPTY = dict(size=[1, 1], counts=b'1')


@dataclass
class ClassMatches:
    """Matches of one category in one or more videos, for one range of areas.

    Attributes:
        scores: (n,) scores of the detections in 0..1.
        ranks: (n,) position of each detection among the detections of their video.
        matched: (10, n) bool, whether a detection has a match, by threshold.
        ignored: (10, n) bool, whether a detection has a match that is ignored or lies outside of the range of areas.
        positives: Number of tracks to find.
    """

    scores: np.ndarray
    ranks: np.ndarray
    matched: np.ndarray
    ignored: np.ndarray
    positives: int


@dataclass
class VisResult(Result):
    """Scores in 0..1; None where there is nothing to find.

    Attributes:
        precision: By (category, area name): (10, 101) precision at the recalls.
        recall: By (category, area name, detections per video): (10,).
        categories: Names by id.
        tracks: Tracks to find by category.
        detections: Detections by category.
    """

    precision: Dict[Tuple[int, str], np.ndarray]
    recall: Dict[Tuple[int, str, int], np.ndarray]
    categories: Dict[int, str]
    tracks: Dict[int, int]
    detections: Dict[int, int]

    def _ap(self, area: str = '', rows: slice = slice(None), category: Optional[int] = None) -> Optional[float]:
        return _mean(
            [value[rows] for (cat, name), value in self.precision.items() if name == area and category in (None, cat)]
        )

    def _ar(self, limit: int, area: str = '', category: Optional[int] = None) -> Optional[float]:
        return _mean(
            [
                value
                for (cat, name, most), value in self.recall.items()
                if name == area and most == limit and category in (None, cat)
            ]
        )

    def headline(self) -> Dict[str, Optional[float]]:
        """Return the 12 numbers of the benchmark, by :data:`NAMES`."""
        values = [
            self._ap(),
            self._ap(rows=slice(0, 1)),
            self._ap(rows=slice(5, 6)),
            self._ap('s'),
            self._ap('m'),
            self._ap('l'),
            self._ar(1),
            self._ar(10),
            self._ar(100),
            self._ar(100, 's'),
            self._ar(100, 'm'),
            self._ar(100, 'l'),
        ]
        return dict(zip(NAMES, values))

    def per_class(self) -> Dict[int, Dict[str, Optional[float]]]:
        """Return ``AP, AP50, AP75, AR10`` by category id, for categories with tracks or detections."""
        return {
            cat: dict(
                AP=self._ap(category=cat),
                AP50=self._ap(rows=slice(0, 1), category=cat),
                AP75=self._ap(rows=slice(5, 6), category=cat),
                AR10=self._ar(10, category=cat),
            )
            for cat in sorted({*self.tracks, *self.detections})
        }

    def table(self) -> str:
        """Return readable tables: per class, then the 12 numbers, in percent."""
        rows = [
            (self.categories[cat], *values.values(), self.tracks.get(cat, 0), self.detections.get(cat, 0))
            for cat, values in self.per_class().items()
        ]
        summary = self.headline()
        rows.append(
            (
                'mean',
                *(summary[name] for name in ('AP', 'AP50', 'AP75', 'AR10')),
                sum(self.tracks.values()),
                sum(self.detections.values()),
            )
        )
        classes = format_table(('class', 'AP', 'AP50', 'AP75', 'AR10', 'tracks', 'detections'), rows)
        return classes + '\n\n' + format_table(('', *NAMES), [('all', *summary.values())])

    def to_json(self) -> Dict[str, Any]:
        """Return the 12 numbers, and ``classes`` with those of every class by name."""
        classes = {self.categories[cat]: values for cat, values in self.per_class().items()}
        return dict(self.headline(), classes=classes)


def _mean(values: Sequence[np.ndarray]) -> Optional[float]:
    return float(np.mean(np.stack(values))) if values else None


def track_overlaps(
    detections: Sequence[List[Optional[Rle]]], tracks: Sequence[List[Optional[Rle]]]
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the overlaps of all detections with all tracks of a video.

    Args:
        detections: D lists of F run-length codes; None = not visible.
        tracks: G such lists.

    Returns:
        Overlaps (D, G) float64 in 0..1, 0 where both are empty, and the mean visible areas (D,) and (G,), 0 if never
        visible.
    """
    areas_d, areas_g = _areas(detections), _areas(tracks)
    shared = np.zeros((len(detections), len(tracks)))
    if shared.size:
        for frame in range(areas_d.shape[1]):
            rows, columns = np.flatnonzero(areas_d[:, frame]), np.flatnonzero(areas_g[:, frame])
            if len(rows) and len(columns):
                # With "crowds" the denominator is the area of the detection: the product is the exact intersection.
                share = mask_api.iou(
                    [detections[int(i)][frame] for i in rows],
                    [tracks[int(i)][frame] for i in columns],
                    [1] * len(columns),
                )
                shared[np.ix_(rows, columns)] += np.rint(share * areas_d[rows, frame, None])
    union = areas_d.sum(1)[:, None] + areas_g.sum(1)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), _visible(areas_d), _visible(areas_g)


def _areas(tracks: Sequence[List[Optional[Rle]]]) -> np.ndarray:
    """Return the (n, F) float64 areas of masks in pixels, 0 where a track has no mask."""
    flat = mask_areas([code or _EMPTY for track in tracks for code in track])
    return flat.reshape(len(tracks), -1) if len(tracks) else np.zeros((0, 0))


def _visible(areas: np.ndarray) -> np.ndarray:
    return areas.sum(1) / np.maximum((areas > 0).sum(1), 1)


def match_class(
    overlaps: np.ndarray,
    scores: np.ndarray,
    areas_d: np.ndarray,
    areas_g: np.ndarray,
    crowd: np.ndarray,
    limits: Tuple[float, float],
) -> ClassMatches:
    """Match the detections of a class in one video, best score first, each with the best track that is left.

    Args:
        overlaps: (D, G).
        scores: (D,), descending, at most :data:`MAX_DETECTIONS`.
        areas_d: (D,) mean areas.
        areas_g: (G,).
        crowd: (G,) bool; such tracks may be matched several times and count as nothing.
        limits: Least and greatest area; tracks outside are ignored.
    """
    ignore = crowd | (areas_g < limits[0]) | (areas_g > limits[1])
    order = np.argsort(ignore, kind='stable')
    overlaps, ignore, crowd = overlaps[:, order], ignore[order], crowd[order]
    num, levels = len(scores), np.arange(len(THRESHOLDS))
    matched = np.zeros((len(THRESHOLDS), num), dtype=bool)
    ignored = np.zeros_like(matched)
    taken = np.zeros((len(THRESHOLDS), len(ignore)), dtype=bool)
    if len(ignore):
        for i, row in enumerate(overlaps):
            able = (row >= np.minimum(THRESHOLDS, 1 - 1e-10)[:, None]) & ~(taken & ~crowd)
            # Tracks that count come before those that don't.
            counting = able & ~ignore
            value = np.where(np.where(counting.any(1, keepdims=True), counting, able), row, -1.0)
            # Of equal overlaps the last is taken, as COCO does.
            best = value.shape[1] - 1 - value[:, ::-1].argmax(1)
            found = able[levels, best]
            matched[:, i], ignored[:, i] = found, found & ignore[best]
            taken[levels[found], best[found]] = True
    outside = (areas_d < limits[0]) | (areas_d > limits[1])
    return ClassMatches(scores, np.arange(num), matched, ignored | (~matched & outside), int((~ignore).sum()))


def _curves(matches: ClassMatches, limit: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return the (10, 101) precision at :data:`RECALLS` by threshold, and the (10,) final recall."""
    kept = np.flatnonzero(matches.ranks < limit)
    kept = kept[np.argsort(-matches.scores[kept], kind='stable')]
    counted = ~matches.ignored[:, kept]
    hits = np.cumsum(matches.matched[:, kept] & counted, axis=1).astype(np.float64)
    seen = np.cumsum(counted, axis=1)
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = hits / matches.positives
    table = np.zeros((len(THRESHOLDS), len(RECALLS)))
    for row in range(len(THRESHOLDS)):
        position = np.searchsorted(recall[row], RECALLS, side='left')
        reached = position < len(kept)
        table[row, reached] = precision[row, position[reached]]
    return table, recall[:, -1] if len(kept) else np.zeros(len(THRESHOLDS))


@register_metric('segm')
class VisAveragePrecision(Metric[VisResult]):
    """Accumulates the matches of videos.

    Args:
        categories: Names by category id.

    Example:
        >>> from knet.layouts.coco import encode_mask
        >>> mask = encode_mask(np.ones((4, 4), dtype=bool))
        >>> metric = VisAveragePrecision({1: 'car'})
        >>> track = dict(category_id=1, iscrowd=0, segmentations=[mask, mask])
        >>> found = dict(video_id=7, category_id=1, score=0.9, segmentations=[mask, None])
        >>> metric.update([track], [found], video_id=7)  # IoU 16 / 32 passes the lowest of ten thresholds.
        >>> scores = metric.compute().headline()
        >>> round(scores['AP'], 3), round(scores['AP50'], 3), scores['AP75']
        (0.1, 1.0, 0.0)
    """

    reads = 'tracks'

    def __init__(self, categories: Dict[int, str]) -> None:
        self.categories = categories
        self._matches: Dict[Tuple[int, str], Dict[int, ClassMatches]] = defaultdict(dict)

    def update(self, tracks: Sequence[Track], records: Sequence[Record], video_id: int) -> None:
        """Compare the detections of a video with its tracks.

        Args:
            tracks: Ground-truth tracks, see :data:`knet.layouts.youtube_vis.Track`.
            records: Items of ``results.json`` of this video.
            video_id: Number of the video; equal scores of different videos are taken in ascending number.
        """
        for category in sorted({item['category_id'] for item in (*tracks, *records)}):
            truth = [track for track in tracks if track['category_id'] == category]
            found = sorted((r for r in records if r['category_id'] == category), key=lambda r: -r['score'])
            found = found[:MAX_DETECTIONS]
            overlaps, areas_d, areas_g = track_overlaps(
                [record['segmentations'] for record in found], [track['segmentations'] for track in truth]
            )
            scores = np.array([record['score'] for record in found], dtype=np.float64)
            crowd = np.array([bool(track['iscrowd']) for track in truth], dtype=bool)
            for name, limits in AREAS.items():
                self._matches[category, name][video_id] = match_class(overlaps, scores, areas_d, areas_g, crowd, limits)

    @classmethod
    def for_data(
        cls, label_space: LabelSpace, truth: VisGroundTruth, protocol: str = OFFICIAL
    ) -> 'VisAveragePrecision':
        """Return an accumulator for the categories of a split; there is one protocol."""
        return cls(truth.categories)

    def pair_up(
        self, predictions: TrackPredictions, truth: VisGroundTruth, allow_missing: bool
    ) -> Tuple[Dict[int, int], Skipped]:
        """Check the format of the tracks as the evaluation server does; videos without tracks are allowed."""
        check_results(predictions.records, truth, predictions.name)
        return {video: length for video, (length, _) in truth.videos.items()}, Skipped()

    def update_video(self, predictions: TrackPredictions, truth: VisGroundTruth, video_id: int) -> None:
        """Add a video from its stored tracks."""
        self.update(truth.tracks[video_id], predictions.of_video(video_id), video_id)

    def merge(self, other: 'VisAveragePrecision') -> None:
        """Take over the videos of another accumulator."""
        for key, videos in other._matches.items():
            self._matches[key].update(videos)

    def compute(self) -> VisResult:
        """Return the scores of all videos seen."""
        result = VisResult({}, {}, self.categories, {}, {})
        for (category, name), videos in sorted(self._matches.items()):
            parts = [videos[video] for video in sorted(videos)]
            whole = ClassMatches(
                np.concatenate([part.scores for part in parts]),
                np.concatenate([part.ranks for part in parts]),
                np.concatenate([part.matched for part in parts], axis=1),
                np.concatenate([part.ignored for part in parts], axis=1),
                sum(part.positives for part in parts),
            )
            if name == '':
                result.tracks[category], result.detections[category] = whole.positives, len(whole.scores)
            if whole.positives:
                result.precision[category, name], _ = _curves(whole, MAX_DETECTIONS)
                for limit in (1, 10, MAX_DETECTIONS):
                    result.recall[category, name, limit] = _curves(whole, limit)[1]
        return result
