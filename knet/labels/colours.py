"""Colours for classes that come without one."""

import colorsys
from typing import Tuple

Colour = Tuple[int, int, int]


def distinct_colour(number: int) -> Colour:
    """Return an RGB colour, 0..255; hues of successive numbers are a golden angle apart, in three shades in turn."""
    shade = ((0.85, 0.95), (0.6, 0.75), (0.95, 0.6))[number % 3]
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(number * 0.618034 % 1.0, *shade))
    return red, green, blue
