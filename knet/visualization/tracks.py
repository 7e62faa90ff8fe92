"""Tracks of a video drawn over its frames."""

from typing import Any, Dict, Iterable, Iterator, Sequence

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import LabelSpace
from knet.structures import InstancePrediction
from knet.utils.io import PathLike, read_picture
from knet.visualization.overlay import enlarge, flat_maps, overlay
from knet.visualization.video import write_video


def draw_tracks(
    frames: Iterable[np.ndarray], records: Sequence[Dict[str, Any]], label_space: LabelSpace, score_thr: float = 0.3
) -> Iterator[np.ndarray]:
    """Lay the tracks of a video over its frames, each with its colour, class and score.

    The best track has the first colour and lies on top. Small frames are enlarged.

    Args:
        frames: (H, W, 3) uint8 RGB.
        records: Items of ``results.json`` of this video; category ids are those of the label space.
        label_space: Names the classes.
        score_thr: Tracks below are left out.

    Yields:
        uint8 RGB pictures of one size.
    """
    shown = sorted((record for record in records if record['score'] >= score_thr), key=lambda record: -record['score'])
    names = {info.dataset_id: info.name for info in label_space.things}
    captions = {
        number: f'{names[record["category_id"]]} {record["score"]:.2f}' for number, record in enumerate(shown, 1)
    }
    scores = np.array([record['score'] for record in shown], dtype=np.float32)
    labels = label_space.model_classes[np.array([record['category_id'] for record in shown], dtype=np.int64)]
    for number, frame in enumerate(frames):
        masks = np.zeros((len(shown), *frame.shape[:2]), dtype=bool)
        for mask, record in zip(masks, shown):
            code = record['segmentations'][number]
            if code is not None:
                mask[:] = mask_api.decode(code)
        maps = flat_maps(InstancePrediction(scores, labels, masks), label_space, score_thr)
        yield overlay(*enlarge(frame, *maps), label_space, captions=captions)


def write_track_video(
    path: PathLike,
    files: Sequence[PathLike],
    records: Sequence[Dict[str, Any]],
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
