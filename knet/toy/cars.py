"""The cars of the toy street."""

import copy
from dataclasses import dataclass
from typing import Tuple

import numpy as np

from knet.toy.drawing import Canvas, Colour, Frame3D, facing, patch, prism
from knet.toy.motion import Motion

CAR_COLOURS: Tuple[Colour, ...] = (
    (196, 36, 40),
    (36, 72, 170),
    (226, 226, 222),
    (40, 42, 46),
    (150, 154, 160),
    (38, 122, 74),
    (232, 176, 34),
    (108, 30, 52),
    (90, 150, 196),
    (206, 104, 38),
)

_GLASS: Colour = (64, 84, 100)
_RUBBER: Colour = (26, 26, 28)
# Light on the faces of a prism relative to full light: rear, front, left, right, top.
_FACE_LIGHT = (0.86, 0.9, 0.76, 1.0, 1.15)


class CarShape:
    """The proportions of a car in metres, and its faces in local coordinates.

    Args:
        length: Distance from bumper to bumper in metres.
        width: Distance from side to side in metres.
        belt: Height of the lower body in metres.
        roof: Height of the roof in metres.
        cabin: ``(u0, u1)`` of the cabin's foot as parts of the length, -0.5 (rear) to 0.5.
        top: ``(u0, u1)`` of the roof, likewise.

    Attributes:
        points: (M, 3) local corners of everything drawn, in the order body (5 quads), cabin (5), panes (6), lamps and
            plates (6), wheels (4 ten-gons: rear left, front left, rear right, front right).
    """

    #: Cabin face (rear, front, left, left, right, right) of each pane.
    PANE_FACE = (0, 1, 2, 2, 3, 3)
    CORNERS = 10

    def __init__(
        self,
        length: float,
        width: float,
        belt: float,
        roof: float,
        cabin: Tuple[float, float],
        top: Tuple[float, float],
    ) -> None:
        self.length, self.width = length, width
        half, side = length / 2, width / 2
        body = prism((-half, half, side), (-half * 0.97, half * 0.97, side * 0.96), 0.28, belt)
        upper = prism(
            (cabin[0] * length, cabin[1] * length, side * 0.94),
            (top[0] * length, top[1] * length, side * 0.76),
            belt,
            roof,
        )
        # A pillar separates the two windows of a side.
        spans = ((0.08, 0.92), (0.08, 0.92), (0.08, 0.47), (0.54, 0.92), (0.08, 0.47), (0.54, 0.92))
        panes = [patch(upper[face], s0, s1, 0.12, 0.86) for face, (s0, s1) in zip(self.PANE_FACE, spans)]
        lamps = [
            patch(body[face], s0, s1, *rows)
            for face in (0, 1)
            for s0, s1, rows in ((0.05, 0.24, (0.5, 0.82)), (0.76, 0.95, (0.5, 0.82)), (0.38, 0.62, (0.22, 0.42)))
        ]
        quads = np.concatenate([body, upper, panes, lamps]).reshape(-1, 3)
        angles = np.arange(self.CORNERS) * (2 * np.pi / self.CORNERS)
        wheels = [
            np.stack(
                [u * length + 0.34 * np.sin(angles), np.full(self.CORNERS, v * side), 0.34 + 0.34 * np.cos(angles)],
                axis=1,
            )
            for v in (-1, 1)
            for u in (-0.31, 0.31)
        ]
        self.points = np.concatenate([quads, *wheels])

    def scaled(self, factor: float) -> 'CarShape':
        """Return the shape of a car that is ``factor`` times as large."""
        other = copy.copy(self)
        other.length, other.width, other.points = self.length * factor, self.width * factor, self.points * factor
        return other


CAR_SHAPES: Tuple[CarShape, ...] = (
    CarShape(4.5, 1.8, 0.92, 1.45, (-0.36, 0.24), (-0.22, 0.08)),  # saloon
    CarShape(3.9, 1.75, 0.95, 1.52, (-0.49, 0.24), (-0.42, 0.08)),  # hatchback
    CarShape(4.7, 1.9, 1.1, 1.78, (-0.49, 0.25), (-0.44, 0.1)),  # off-roader
    CarShape(5.0, 2.0, 1.15, 2.3, (-0.5, 0.4), (-0.49, 0.27)),
)  # van


@dataclass
class Car:
    """A car drawn as two prisms with windows, wheels and lights.

    Attributes:
        owner: Object number on the canvas.
        motion: Path of the car; a parked car keeps ``parked_heading``.
        shape: Proportions of the car.
        colour: RGB colour of the paint.
        parked_heading: Heading in radians of a car that does not move.
    """

    owner: int
    motion: Motion
    shape: CarShape
    colour: Colour
    parked_heading: float = 0.0

    def _place(self, frame: float) -> Frame3D:
        x, z = self.motion.at(frame)
        moving = self.motion.vx != 0 or self.motion.vz != 0
        return Frame3D(x, z, self.motion.heading(frame) if moving else self.parked_heading)

    def shadow(self, frame: float) -> np.ndarray:
        """Return the (4, 3) world corners of the shadow on the ground."""
        half, side = self.shape.length / 2 + 0.15, self.shape.width / 2 + 0.3
        local = np.array([(-half, -side, 0), (half, -side, 0), (half, side, 0), (-half, side, 0)])
        return self._place(frame).world(local)

    def draw(self, canvas: Canvas, frame: float) -> None:
        """Paint the car onto the canvas."""
        z = self.motion.at(frame)[1]
        if z - canvas.camera.z < 1.5:
            return
        pixels = canvas.camera.project(self._place(frame).world(self.shape.points))
        quads, wheels = pixels[:88].reshape(22, 4, 2), pixels[88:].reshape(4, CarShape.CORNERS, 2)
        seen = facing(quads[:10])

        def paint(colour: Colour, light: float) -> Tuple[int, int, int, int]:
            return canvas.tint(colour, light, z, self.owner)

        canvas.polygons(wheels, paint(_RUBBER, 1.0))
        for index in np.flatnonzero(seen[:5]):
            canvas.polygon(quads[index], paint(self.colour, _FACE_LIGHT[index]))
        for face, colour in ((0, (230, 40, 30)), (1, (255, 246, 206))):
            if seen[face]:
                canvas.polygons(quads[16 + 3 * face : 18 + 3 * face], paint(colour, 1.1))
                canvas.polygon(quads[18 + 3 * face], paint((226, 226, 210), 1.0))
        for side in (0, 1):
            if seen[2 + side]:
                near = wheels[2 * side : 2 * side + 2]
                canvas.polygons(near, paint(_RUBBER, 1.0))
                middle = near.mean(1, keepdims=True)
                canvas.polygons(np.rint(middle + (near - middle) * 0.5).astype(np.int32), paint((150, 150, 154), 1.0))
        for index in np.flatnonzero(seen[5:]):
            canvas.polygon(quads[5 + index], paint(self.colour, _FACE_LIGHT[index]))
        for pane, face in zip(quads[10:16], CarShape.PANE_FACE):
            if seen[5 + face]:
                canvas.polygon(pane, paint(_GLASS, _FACE_LIGHT[face] * 1.1))
