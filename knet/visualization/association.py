"""How the tracks of a prediction follow the objects of the ground truth through a video."""

from collections import Counter
from dataclasses import dataclass
from typing import Counter as CounterOf
from typing import Dict, Hashable, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple, TypeVar

import numpy as np

from knet.evaluation.frames import iterate_pairs
from knet.evaluation.pairs import PairCounts, segment_class, segment_instance
from knet.labels import LabelSpace
from knet.layouts.base import VideoGroundTruth
from knet.results.panoptic_store import PredictionReader

#: State of an object in a frame; a number above 0 is the track that covers it.
ABSENT, MISSED = -1, 0
#: First of the ids that truth maps carry for objects without a track; ids of data sets lie below.
NO_TRACK = 1 << 24

Object = TypeVar('Object', bound=Hashable)


class FrameOverlaps(NamedTuple):
    """The overlaps of one predicted frame: its number and its table."""

    frame: int
    pairs: PairCounts


def video_overlaps(
    predictions: PredictionReader, ground_truth: VideoGroundTruth, space: LabelSpace, video: int
) -> List[FrameOverlaps]:
    """Return the overlaps of the frames of a video that are both predicted and labelled, in order."""
    counted = iterate_pairs(predictions, ground_truth, space, video)
    return [FrameOverlaps(frame, pairs) for frame, pairs in counted if pairs is not None]


def match_by_overlap(overlaps: Iterable[Tuple[int, Optional[Object], int]]) -> Dict[Object, int]:
    """Match objects and tracks one to one: the pair that overlaps most first, then the best of what remains.

    A track that only touches an object, with less than a quarter of its own pixels, does not stand for it.

    Args:
        overlaps: Pixels, object and track of every pair; the object is None for pixels of a track on no object.

    >>> match_by_overlap([(9, 'car', 1), (8, 'bus', 1), (7, 'car', 2), (3, 'bus', 2), (1, 'van', 3), (9, None, 3)])
    {'car': 1, 'bus': 2}
    """
    ordered = sorted(overlaps, key=lambda overlap: -overlap[0])
    areas: CounterOf[int] = Counter()
    for pixels, _, track in ordered:
        areas[track] += pixels
    tracks: Dict[Object, int] = {}
    taken: Set[int] = set()
    for pixels, thing, track in ordered:
        if thing is not None and thing not in tracks and track not in taken and 4 * pixels >= areas[track]:
            tracks[thing] = track
            taken.add(track)
    return tracks


@dataclass(frozen=True)
class TrackMatch:
    """Objects of a video and the tracks that cover them best over all its frames, one to one.

    Attributes:
        tracks: Track ids by dataset id and instance id of the object.
    """

    tracks: Dict[Tuple[int, int], int]

    @classmethod
    def of(cls, overlaps: Sequence[FrameOverlaps], space: LabelSpace) -> 'TrackMatch':
        """Match by the pixels that objects and tracks have in common, see :func:`match_by_overlap`."""
        pairs = PairCounts.sum([overlap.pairs for overlap in overlaps])
        on_track = _is_identified(pairs.pred, space)
        gt, pred = pairs.gt[on_track], pairs.pred[on_track]
        things = [name if found else None for name, found in zip(_named(gt), _is_identified(gt, space).tolist())]
        return cls(match_by_overlap(zip(pairs.counts[on_track].tolist(), things, segment_instance(pred).tolist())))

    def renumber(
        self, semantic: np.ndarray, instance: np.ndarray, space: LabelSpace
    ) -> Tuple[np.ndarray, Tuple[int, ...]]:
        """Give the objects of a frame the numbers of their tracks, so that both are drawn in one colour.

        Args:
            semantic: (H, W) dataset ids of the ground truth.
            instance: (H, W) instance ids of the ground truth.
            space: Label space of both.

        Returns:
            (H, W) int32 ids, 0 for pixels of no object, and the ids of objects without a track.
        """
        things = space.is_thing[semantic] & (instance > 0)
        both = np.stack([semantic[things], instance[things]]).astype(np.int64)
        unique, index = np.unique(both, axis=1, return_inverse=True)
        numbers = [self.tracks.get((a, b), NO_TRACK + position) for position, (a, b) in enumerate(unique.T.tolist())]
        ids = np.zeros(semantic.shape, dtype=np.int32)
        ids[things] = np.array(numbers, dtype=np.int32)[index.reshape(-1)]
        return ids, tuple(number for number in numbers if number >= NO_TRACK)


@dataclass(frozen=True)
class ObjectTrack:
    """One object of the ground truth through a video.

    Attributes:
        name: Class and instance number.
        states: For every frame the id of the track that covers the object, or :data:`MISSED`, or :data:`ABSENT`.
    """

    name: str
    states: Tuple[int, ...]

    @property
    def visible(self) -> int:
        """Number of frames in which the object is labelled."""
        return sum(state != ABSENT for state in self.states)

    @property
    def missed(self) -> int:
        """Number of frames in which the object is labelled and no segment covers it."""
        return self.states.count(MISSED)

    @property
    def switches(self) -> Tuple[int, ...]:
        """Positions of the frames in which another track covers the object than the last that did.

        >>> ObjectTrack('car 1', (3, 3, 0, 7, -1, 7)).switches
        (3,)
        """
        found, last = [], None
        for position, state in enumerate(self.states):
            if state > MISSED:
                if last is not None and state != last:
                    found.append(position)
                last = state
        return tuple(found)


@dataclass(frozen=True)
class VideoTracks:
    """The objects of a video and the tracks that follow them.

    Attributes:
        video: Video number.
        frames: Numbers of the frames.
        objects: The objects in the order in which they come into view.
        invented: Number of predicted segments of tracks, summed over the frames, that cover no object.
    """

    video: int
    frames: Tuple[int, ...]
    objects: Tuple[ObjectTrack, ...]
    invented: int

    @property
    def switches(self) -> int:
        """Number of id switches of all objects."""
        return sum(len(thing.switches) for thing in self.objects)

    @property
    def missed(self) -> int:
        """Number of frames in which an object is missed, summed over the objects."""
        return sum(thing.missed for thing in self.objects)

    @property
    def visible(self) -> int:
        """Number of frames in which an object is labelled, summed over the objects."""
        return sum(thing.visible for thing in self.objects)


def follow_tracks(video: int, overlaps: Sequence[FrameOverlaps], space: LabelSpace) -> VideoTracks:
    """Find for every object and frame the track that covers it.

    A predicted thing covers an object if their intersection is more than half of their union, whatever its class; so
    at most one does. Pixels of void and crowd count for no prediction.

    Args:
        video: Video number.
        overlaps: Overlaps of its frames, in order.
        space: Label space of both sides.
    """
    states: Dict[int, List[int]] = {}
    invented = 0
    for position, (_, pairs) in enumerate(overlaps):
        objects, tracks, covering = _cover(pairs, space)
        for code in objects:
            seen = states.setdefault(code, [ABSENT] * position)
            seen.append(covering.get(code, MISSED))
        invented += len(tracks) - len(covering)
        for seen in states.values():
            seen.extend([ABSENT] * (position + 1 - len(seen)))
    names = {info.dataset_id: info.name for info in space.classes}
    things = tuple(
        ObjectTrack(f'{names[class_id]} {number}', tuple(seen))
        for (class_id, number), seen in zip(_named(np.array(list(states), dtype=np.int64)), states.values())
    )
    return VideoTracks(video, tuple(overlap.frame for overlap in overlaps), things, invented)


def _named(codes: np.ndarray) -> List[Tuple[int, int]]:
    """Return dataset id and instance id of segment codes."""
    return list(zip(segment_class(codes).tolist(), segment_instance(codes).tolist()))


def _cover(pairs: PairCounts, space: LabelSpace) -> Tuple[List[int], List[int], Dict[int, int]]:
    """Return the codes of the objects of a frame, the ids of its tracks, and the covering tracks by code."""
    gt, pred = pairs.gt, pairs.pred
    is_object = _is_identified(gt, space)
    is_crowd = space.is_thing[segment_class(gt)] & ~is_object
    is_track = _is_identified(pred, space) & (segment_class(gt) != space.void) & ~is_crowd
    objects, sizes = _areas(gt[is_object], pairs.counts[is_object])
    tracks, areas = _areas(pred[is_track], pairs.counts[is_track])
    both = is_object & is_track
    overlap = pairs.counts[both]
    union = sizes[np.searchsorted(objects, gt[both])] + areas[np.searchsorted(tracks, pred[both])] - overlap
    covers = 2 * overlap > union
    found = zip(gt[both][covers].tolist(), segment_instance(pred[both][covers]).tolist())
    return objects.tolist(), tracks.tolist(), dict(found)


def _areas(codes: np.ndarray, counts: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the unique codes in ascending order and the pixels of each."""
    unique, index = np.unique(codes, return_inverse=True)
    return unique, np.bincount(index.reshape(-1), counts, len(unique)).astype(np.int64)


def _is_identified(codes: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Return for segment codes whether they are things with an identity, neither stuff nor crowd."""
    return space.is_thing[segment_class(codes)] & (segment_instance(codes) != 0)
