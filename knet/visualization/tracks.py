"""Tracks of a video drawn over its frames."""

from collections import Counter
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple
from typing import Counter as CounterOf

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import LabelSpace
from knet.utils.io import PathLike, read_picture
from knet.visualization.association import NO_TRACK, match_by_overlap
from knet.visualization.overlay import enlarge, overlay
from knet.visualization.video import write_video

#: An item of ``results.json``, or a track of the ground truth: ``category_id`` and one run-length mask per frame.
Record = Mapping[str, Any]


def draw_tracks(
    frames: Iterable[np.ndarray],
    records: Sequence[Record],
    label_space: LabelSpace,
    score_thr: float = 0.3,
    min_width: int = 640,
) -> Iterator[np.ndarray]:
    """Lay the tracks of a video over its frames, each with its colour, class and score.

    The best track has the first colour and lies on top. Small frames are enlarged.

    Args:
        frames: (H, W, 3) uint8 RGB.
        records: Items of ``results.json`` of this video; category ids are those of the label space.
        label_space: Names the classes.
        score_thr: Tracks below are left out.
        min_width: Small frames are enlarged to at least this width.

    Yields:
        uint8 RGB pictures of one size.
    """
    shown = _shown(records, score_thr)
    names = _names(label_space)
    captions = {n: f'{names[record["category_id"]]} {record["score"]:.2f}' for n, record in enumerate(shown, 1)}
    numbered = dict(enumerate(shown, 1))
    return _draw(frames, numbered, label_space, captions, min_width)


def draw_true_tracks(
    frames: Iterable[np.ndarray],
    truth: Sequence[Record],
    records: Sequence[Record],
    label_space: LabelSpace,
    score_thr: float = 0.3,
    min_width: int = 640,
) -> Iterator[np.ndarray]:
    """Lay the tracks of the ground truth over the frames, in the colours that :func:`draw_tracks` gives to predictions.

    Args:
        frames: (H, W, 3) uint8 RGB.
        truth: Tracks of the ground truth.
        records: Predicted tracks; the one whose drawn pixels overlap an object most over the video gives it its colour.
            An object without one is grey.
        label_space: Names the classes.
        score_thr: Predicted tracks below are left out.
        min_width: Small frames are enlarged to at least this width.

    Yields:
        uint8 RGB pictures of one size.
    """
    numbers = _match(truth, _shown(records, score_thr))
    numbered = {numbers.get(position, NO_TRACK + position): thing for position, thing in enumerate(truth)}
    names = _names(label_space)
    captions = {number: names[thing['category_id']] for number, thing in numbered.items()}
    return _draw(frames, numbered, label_space, captions, min_width)


def _shown(records: Sequence[Record], score_thr: float) -> List[Record]:
    return sorted((record for record in records if record['score'] >= score_thr), key=lambda record: -record['score'])


def _names(label_space: LabelSpace) -> Dict[int, str]:
    return {info.dataset_id: info.name for info in label_space.things}


def _match(truth: Sequence[Record], shown: Sequence[Record]) -> Dict[int, int]:
    """Return the numbers of predicted tracks, from 1, by position of the object."""
    common: CounterOf[Tuple[int, int]] = Counter()
    sizes = [code['size'] for record in truth for code in record['segmentations'] if code is not None]
    things, tracks = dict(enumerate(truth, 1)), dict(enumerate(shown, 1))
    for position in range(len(truth[0]['segmentations']) if sizes else 0):
        both = np.stack([_painted(records, position, sizes[0])[1] for records in (things, tracks)])
        pairs, counts = np.unique(both.reshape(2, -1), axis=1, return_counts=True)
        common.update(dict(zip(map(tuple, pairs.T.tolist()), counts.tolist())))
    overlaps = ((count, thing - 1 if thing else None, track) for (thing, track), count in common.items() if track)
    return match_by_overlap(overlaps)


def _painted(records: Mapping[int, Record], position: int, shape: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Return the categories and the numbers of tracks in a frame, 0 for none; the first track lies on top."""
    category, instance = np.zeros(tuple(shape), dtype=np.uint8), np.zeros(tuple(shape), dtype=np.int32)
    for number, record in reversed(list(records.items())):
        code = record['segmentations'][position]
        if code is not None:
            mask = mask_api.decode(code).astype(bool)
            category[mask], instance[mask] = record['category_id'], number
    return category, instance


def _draw(
    frames: Iterable[np.ndarray],
    records: Mapping[int, Record],
    label_space: LabelSpace,
    captions: Mapping[int, str],
    min_width: int,
) -> Iterator[np.ndarray]:
    """Draw tracks by number; the first lies on top, and numbers from :data:`NO_TRACK` on are grey."""
    neutral = [number for number in records if number >= NO_TRACK]
    for position, frame in enumerate(frames):
        category, instance = _painted(records, position, frame.shape[:2])
        semantic = np.where(instance > 0, category, label_space.void).astype(np.uint8)
        large = enlarge(frame, semantic, instance, min_width)
        yield overlay(*large, label_space, captions=captions, neutral=neutral)


def write_track_video(
    path: PathLike,
    files: Sequence[PathLike],
    records: Sequence[Record],
    label_space: LabelSpace,
    score_thr: float = 0.3,
    fps: float = 5.0,
) -> None:
    """Write a clip of a video with its tracks, see :func:`draw_tracks`.

    Args:
        path: ``*.mp4`` or ``*.gif``.
        files: Pictures of the video, in order.
        records: Items of ``results.json`` of this video.
        label_space: Names the classes.
        score_thr: Tracks below are left out.
        fps: Frames per second.
    """
    write_video(path, draw_tracks((read_picture(file) for file in files), records, label_space, score_thr), fps)
