"""The legend beside a picture."""

import numpy as np

from knet.labels import KITTI_STEP
from knet.visualization.legend import legend_entries, with_legend
from knet.visualization.palette import track_colour


def test_entries_name_tracks_and_classes() -> None:
    semantic, instance = np.zeros((4, 6), np.uint8), np.zeros((4, 6), np.int32)
    semantic[:2] = 255
    semantic[0, :3], instance[0, :3] = 13, 300
    semantic[3, :2] = 11  # people without a track
    assert legend_entries(semantic, instance, KITTI_STEP) == [
        (3, track_colour(300), 'car 300'),
        (10, KITTI_STEP.classes[0].colour, 'road'),
        (2, KITTI_STEP.classes[11].colour, 'person'),
    ]


def test_the_size_does_not_depend_on_what_is_seen() -> None:
    picture = np.full((64, 100, 3), 7, np.uint8)
    empty = np.full((64, 100), 255, np.uint8)
    crowd = np.arange(6400, dtype=np.int32).reshape(64, 100) // 64
    first = with_legend(picture, empty, np.zeros_like(crowd), KITTI_STEP)
    second = with_legend(picture, np.full_like(empty, 13), crowd, KITTI_STEP)
    assert first.shape == second.shape and not np.array_equal(first, second)
    assert np.array_equal(first[:, :100], picture) and np.array_equal(second[:, :100], picture)
