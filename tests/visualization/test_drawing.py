"""Colours and overlays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knet.labels import KITTI_STEP
from knet.visualization import enlarge, overlay, semantic_colours, side_by_side, track_colour
from knet.visualization.palette import track_colours


@given(st.integers(1, 65535))
def test_track_colours_are_stable_and_unlike_stuff(track: int) -> None:
    colour = track_colour(track)
    assert colour == track_colour(track) == tuple(track_colours(np.array([[track]]))[0, 0])
    assert all(np.abs(np.subtract(colour, c.colour)).sum() >= 90 for c in KITTI_STEP.stuff)


def test_nearby_tracks_differ() -> None:
    colours = track_colours(np.arange(1, 300)).astype(int)
    for gap in range(1, 7):
        assert np.abs(colours[gap:] - colours[:-gap]).sum(1).min() >= 90


def test_semantic_colours() -> None:
    drawn = semantic_colours(np.array([[0, 13, 255]], dtype=np.uint8), KITTI_STEP)
    assert drawn.tolist() == [[[128, 64, 128], [0, 0, 142], [0, 0, 0]]]


@pytest.fixture
def frame() -> tuple:
    image = np.full((200, 300, 3), 100, dtype=np.uint8)
    semantic, instance = np.zeros((200, 300), dtype=np.uint8), np.zeros((200, 300), dtype=np.int32)
    semantic[:60], semantic[190:] = 10, 255
    semantic[80:180, 50:150], instance[80:180, 50:150] = 13, 421
    semantic[80:180, 200:230] = 11
    return image, semantic, instance


def test_overlay_colours_each_kind(frame: tuple) -> None:
    image, semantic, instance = frame
    before = image.copy()
    drawn = overlay(image, semantic, instance, KITTI_STEP, alpha=0.5)
    np.testing.assert_array_equal(image, before)
    assert drawn.shape == image.shape and drawn.dtype == np.uint8
    np.testing.assert_allclose(drawn[20, 20], (85, 115, 140), atol=1)  # sky
    np.testing.assert_array_equal(drawn[195, 20], image[195, 20])  # void
    np.testing.assert_allclose(drawn[170, 60], 0.375 * 100 + 0.625 * np.array(track_colour(421)), atol=1)
    np.testing.assert_allclose(drawn[100, 215], (160, 60, 80), atol=1)  # person without id: class colour
    # the id is written on the car, and its outline is white
    assert drawn[115:145, 80:120].min(-1).max() > 200 and (drawn[80, 60:140] == 255).all()


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int32, np.int64])
def test_overlay_takes_what_is_stored(frame: tuple, dtype: type) -> None:
    image, semantic, instance = frame
    drawn = overlay(image[..., ::-1], semantic.astype(dtype), instance.astype(np.uint16), KITTI_STEP)
    np.testing.assert_array_equal(drawn, overlay(image, semantic, instance, KITTI_STEP))


def test_overlay_of_nothing(frame: tuple) -> None:
    image, semantic, instance = frame
    np.testing.assert_array_equal(overlay(image, np.full_like(semantic, 255), instance * 0, KITTI_STEP), image)
    with pytest.raises(ValueError, match='one size'):
        overlay(image, semantic[:-1], instance, KITTI_STEP)


def test_enlarge_keeps_labels(frame: tuple) -> None:
    image, semantic, instance = (part[::2, ::2] for part in frame)
    big = enlarge(image, semantic, instance, min_width=640)
    assert [part.shape[:2] for part in big] == [(500, 750)] * 3
    np.testing.assert_array_equal(big[1][::5, ::5], semantic)
    np.testing.assert_array_equal(big[2][4::5, 4::5], instance)
    assert enlarge(*frame, min_width=300)[0] is frame[0]


def test_side_by_side() -> None:
    wide, square = np.zeros((40, 120, 3), np.uint8), np.zeros((40, 40, 3), np.uint8)
    assert side_by_side([wide, wide], ['a', 'b']).shape == (124, 120, 3)
    assert side_by_side([square, square], ['a', 'b']).shape == (62, 80, 3)
    assert side_by_side([wide, wide], ['a', 'b'], vertical=False).shape == (62, 240, 3)
    for images, titles, message in (
        ([], [], 'one title per picture is needed'),
        ([wide], ['a', 'b'], 'one title per picture is needed'),
        ([wide, square], ['a', 'b'], 'must have one size'),
    ):
        with pytest.raises(ValueError, match=message):
            side_by_side(images, titles)
