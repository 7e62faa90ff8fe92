"""Tracks of clips beside the objects of the ground truth."""

from typing import Any, Dict, List, Optional

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import YOUTUBE_VIS_2019
from knet.visualization import draw_tracks, draw_true_tracks, track_colour
from knet.visualization.overlay import NEUTRAL

PERSON, SEDAN = (
    next(info.dataset_id for info in YOUTUBE_VIS_2019.things if info.name == name) for name in ('person', 'sedan')
)


def track(category: int, boxes: List[Optional[List[int]]], score: float = 1.0) -> Dict[str, Any]:
    """A track whose masks are boxes (left, top, width, height); None where it is not seen."""
    masks = [None if box is None else mask_api.frPyObjects(np.array([box], dtype=float), 64, 96)[0] for box in boxes]
    return dict(category_id=category, segmentations=masks, score=score)


TRUTH = [
    track(SEDAN, [[4, 4, 40, 30]] * 2),
    track(PERSON, [[60, 4, 20, 50], None]),
    track(PERSON, [None, [60, 4, 9, 9]]),
]
FOUND = [
    track(PERSON, [[62, 4, 20, 50], [60, 30, 9, 9]], 0.6),
    track(SEDAN, [[4, 4, 38, 30]] * 2, 0.9),
    track(SEDAN, [[4, 4, 20, 30]] * 2, 0.5),
    track(PERSON, [[0, 0, 9, 9]] * 2, 0.1),
]


def colour_at(picture: np.ndarray, x: int, y: int) -> np.ndarray:
    """The colour in the middle of a pixel of the small frame, without the grey of the frame."""
    factor = picture.shape[1] // 96
    return picture[y * factor + factor // 2, x * factor + factor // 2].astype(int)


def test_truth_has_the_colours_of_its_tracks() -> None:
    frames = [np.zeros((64, 96, 3), dtype=np.uint8)] * 2
    drawn = list(draw_tracks(frames, FOUND, YOUTUBE_VIS_2019))
    truth = list(draw_true_tracks(frames, TRUTH, FOUND, YOUTUBE_VIS_2019))
    assert [picture.shape for picture in truth] == [picture.shape for picture in drawn]
    # The sedan with the higher score is track 1, the person track 2; each overlaps its object.
    for number, x, y in ((1, 8, 8), (2, 64, 48)):
        shown = colour_at(truth[0], x, y)
        assert np.array_equal(shown, colour_at(drawn[0], x, y))
        assert np.abs(shown * 1.6 - track_colour(number)).max() < 12
    # The second person was found by no track, the first one is gone.
    assert np.abs(colour_at(truth[1], 67, 11) * 1.6 - NEUTRAL).max() < 12
    assert not colour_at(truth[1], 64, 48).any()


def test_truth_without_predictions_is_grey() -> None:
    (picture,) = draw_true_tracks([np.zeros((64, 96, 3), np.uint8)], TRUTH[:2], [], YOUTUBE_VIS_2019)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) <= 4
