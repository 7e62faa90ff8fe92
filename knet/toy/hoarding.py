"""Walls of boards that hide what is behind them."""

from typing import Tuple

import numpy as np

from knet.toy.drawing import Canvas, Colour
from knet.toy.scenery import BUILDING


class Hoarding:
    """An upright wall of boards across the street, labelled as building.

    Args:
        span: ``(x0, x1)``, left and right end in metres.
        z: World Z in metres.
        height: Height in metres.
        colour: Colour of the boards.
    """

    def __init__(self, span: Tuple[float, float], z: float, height: float, colour: Colour) -> None:
        self.span, self.z, self._colour = span, z, colour
        edges = np.linspace(*span, 9)
        boards = [[(a, 0.0, z), (b, 0.0, z), (b, height, z), (a, height, z)] for a, b in zip(edges[:-1], edges[1:])]
        self._boards = np.array(boards)

    def draw(self, canvas: Canvas) -> None:
        """Paint the boards, every second one a little darker."""
        for number, corners in enumerate(canvas.camera.project(self._boards)):
            canvas.polygon(corners, canvas.tint(self._colour, 0.86 if number % 2 else 1.0, self.z, BUILDING))
