"""Colours: fixed ones for classes, stable and vivid ones for tracks."""

import colorsys
from typing import List

import numpy as np

from knet.labels import KITTI_STEP, Colour, LabelSpace

#: Number of different track colours; ids beyond it start over.
TRACK_COLOURS = 509


def _make_track_colours() -> np.ndarray:
    """Return vivid colours with neighbours far apart and none close to a stuff colour."""
    stuff = np.array([c.colour for c in KITTI_STEP.stuff], dtype=np.int64)
    colours: List[Colour] = []
    step = 0
    while len(colours) < TRACK_COLOURS:
        # The golden angle spreads hues evenly for any number of tracks.
        hue = step * 0.6180339887498949 % 1.0
        saturation, value = ((0.95, 1.0), (0.75, 0.9), (0.6, 1.0), (0.9, 0.8))[step // 3 % 4]
        step += 1
        red, green, blue = (round(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))
        others = np.concatenate([stuff, np.array(colours[-6:], dtype=np.int64).reshape(-1, 3)])
        if np.abs(others - (red, green, blue)).sum(1).min() >= 90:
            colours.append((red, green, blue))
    return np.array(colours, dtype=np.uint8)


_TRACKS = _make_track_colours()


def track_colours(ids: np.ndarray) -> np.ndarray:
    """Return the colours of many tracks.

    Args:
        ids: Integer array of any shape, track ids >= 1.

    Returns:
        (..., 3) uint8 RGB, with the leading axes of ``ids``.
    """
    return _TRACKS[np.asarray(ids, dtype=np.int64) % TRACK_COLOURS]


def track_colour(track_id: int) -> Colour:
    """Return the RGB colour of a track; the same id has the same colour in every picture."""
    red, green, blue = track_colours(np.array(track_id)).tolist()
    return red, green, blue


def semantic_colours(semantic: np.ndarray, label_space: LabelSpace) -> np.ndarray:
    """Paint a class map.

    Args:
        semantic: (H, W) dataset ids, 0..255.
        label_space: Label space with the colours; void is black.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    return label_space.palette[semantic]
