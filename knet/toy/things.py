"""The things of the toy street: cars and persons that move."""

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from knet.toy.drawing import Canvas, Colour, Frame3D, facing, patch, prism

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
CLOTHES: Tuple[Colour, ...] = (
    (190, 40, 46),
    (44, 88, 178),
    (232, 228, 216),
    (34, 36, 44),
    (238, 186, 44),
    (60, 140, 84),
    (128, 66, 142),
    (226, 112, 52),
    (96, 170, 190),
    (120, 92, 66),
)
SKIN: Tuple[Colour, ...] = ((236, 196, 168), (206, 152, 116), (150, 102, 72), (98, 66, 48))
HAIR: Tuple[Colour, ...] = ((44, 32, 26), (96, 64, 36), (190, 150, 84), (120, 120, 120), (150, 62, 32))

_GLASS: Colour = (64, 84, 100)
_RUBBER: Colour = (26, 26, 28)
# the body below is drawn for a person of this height, metres
_BODY = 1.75
# how much light a face gets: rear, front, left, right, top of a prism
_FACE_LIGHT = (0.86, 0.9, 0.76, 1.0, 1.15)


@dataclass
class Motion:
    """A path on the ground, straight with at most one reversal.

    Attributes:
        x: World X at frame 0, metres.
        z: World Z at frame 0, metres.
        vx: Metres per frame along X.
        vz: Metres per frame along Z.
        turn: Frame at which the velocity reverses; None = never.
    """

    x: float
    z: float
    vx: float = 0.0
    vz: float = 0.0
    turn: Optional[float] = None

    def travelled(self, frame: float) -> float:
        """Frames' worth of displacement, counted from the start."""
        if self.turn is None or frame <= self.turn:
            return frame
        return 2 * self.turn - frame

    def at(self, frame: float) -> Tuple[float, float]:
        """Position (x, z) at a frame."""
        steps = self.travelled(frame)
        return self.x + self.vx * steps, self.z + self.vz * steps

    def heading(self, frame: float) -> float:
        """Direction of travel, 0 = along +Z, pi / 2 = along +X."""
        sign = -1.0 if self.turn is not None and frame > self.turn else 1.0
        return float(np.arctan2(sign * self.vx, sign * self.vz))


class CarShape:
    """Proportions of a car in metres, and its faces in local coordinates.

    Args:
        length: Bumper to bumper.
        width: Side to side.
        belt: Height of the lower body.
        roof: Height of the roof.
        cabin: ``(u0, u1)`` of the cabin's foot as parts of the length, -0.5 (rear) to 0.5.
        top: ``(u0, u1)`` of the roof, likewise.

    Attributes:
        points (np.ndarray): (M, 3) local corners of everything drawn, in the
            order body (5 quads), cabin (5), panes (6), lamps and plates (6),
            wheels (4 ten-gons: rear left, front left, rear right, front right).
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
        house = prism(
            (cabin[0] * length, cabin[1] * length, side * 0.94),
            (top[0] * length, top[1] * length, side * 0.76),
            belt,
            roof,
        )
        # a pillar parts the side windows
        spans = ((0.08, 0.92), (0.08, 0.92), (0.08, 0.47), (0.54, 0.92), (0.08, 0.47), (0.54, 0.92))
        panes = [patch(house[face], s0, s1, 0.12, 0.86) for face, (s0, s1) in zip(self.PANE_FACE, spans)]
        lamps = [
            patch(body[face], s0, s1, *rows)
            for face in (0, 1)
            for s0, s1, rows in ((0.05, 0.24, (0.5, 0.82)), (0.76, 0.95, (0.5, 0.82)), (0.38, 0.62, (0.22, 0.42)))
        ]
        quads = np.concatenate([body, house, panes, lamps]).reshape(-1, 3)
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
        motion: Where it goes; a parked car keeps ``parked_heading``.
        shape: Proportions.
        colour: Paint, RGB.
        parked_heading: Heading of a car that does not move.
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
        """(4, 3) world corners of the shadow on the ground."""
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


@dataclass
class Person:
    """A walking person drawn as limbs, torso and head.

    Attributes:
        owner: Object number on the canvas.
        motion: Where the person walks.
        height: Body height in metres.
        stride: Phase of the walk per frame, radians; 0 = standing.
        phase: Phase at frame 0.
        shirt: Colour of the torso.
        trousers: Colour of the legs.
        skin: Colour of head and hands.
        hair: Colour of the hair.
        skirt: Whether a skirt covers the upper legs.
        backpack: Whether a bag is worn.
    """

    owner: int
    motion: Motion
    height: float
    stride: float
    phase: float
    shirt: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    skirt: bool = False
    backpack: bool = False

    def shadow(self, frame: float) -> np.ndarray:
        """(4, 3) world corners of the shadow on the ground."""
        x, z = self.motion.at(frame)
        return np.array([(x - 0.35, 0, z - 0.2), (x - 0.3, 0, z + 0.3), (x + 0.75, 0, z + 0.3), (x + 0.6, 0, z - 0.2)])

    def draw(self, canvas: Canvas, frame: float) -> None:
        """Paint the person onto the canvas as a cut-out that faces the camera."""
        z = self.motion.at(frame)[1]
        distance = z - canvas.camera.z
        if distance < 1.5:
            return
        across = float(np.sin(self.motion.heading(frame))) if self.stride else 0.0
        points = canvas.camera.project(self._joints(frame, across))
        hips, feet, toes, hands, shoulders = (points[2 * i : 2 * i + 2] for i in range(5))
        torso, bag, (crown, face) = points[10:14], points[14:18], points[18:20]
        pixels = canvas.camera.focal / distance * self.height / _BODY

        def paint(colour: Colour, light: float = 1.0) -> Tuple[int, int, int, int]:
            return canvas.tint(colour, light, z, self.owner)

        for side, light in ((0, 0.75), (1, 1.0)):
            canvas.stroke(hips[side], feet[side], 0.2 * pixels, paint(self.trousers, light))
            canvas.stroke(feet[side], toes[side], 0.12 * pixels, paint((40, 34, 32)))
        if self.backpack:
            canvas.polygon(bag, paint((70, 62, 40)))
        canvas.polygon(torso, paint(self.shirt))
        for side, light in ((0, 0.8), (1, 1.08)):
            canvas.stroke(shoulders[side], hands[side], 0.13 * pixels, paint(self.shirt, light))
            canvas.disc(hands[side], 0.07 * pixels, paint(self.skin))
        canvas.disc(crown, 0.15 * pixels, paint(self.hair))
        canvas.disc(face, 0.128 * pixels, paint(self.skin))

    def _joints(self, frame: float, across: float) -> np.ndarray:
        """(20, 3) world points of the body; ``across`` = sine of the heading."""
        swing = float(np.sin(self.phase + self.stride * frame)) if self.stride else 0.15
        # seen from the side the limbs swing left and right, else hardly
        reach = 0.30 * swing * max(abs(across), 0.35)
        hip, breadth = 0.1 * (1 - 0.5 * abs(across)), 0.27 * (1 - 0.3 * abs(across))
        hem, hem_up = (breadth * 1.25, 0.45) if self.skirt else (breadth * 0.85, 0.82)
        bag = -0.24 * (1 if across >= 0 else -1) * max(abs(across), 0.3)
        local = np.array(
            [
                (-hip, 0.85),
                (hip, 0.85),
                (-hip - reach, 0.05),
                (hip + reach, 0.05),
                (-hip - reach + 0.08 * across, 0.04),
                (hip + reach + 0.08 * across, 0.04),
                (-breadth + reach * 0.9, 0.86),
                (breadth - reach * 0.9, 0.86),
                (-breadth * 0.95, 1.4),
                (breadth * 0.95, 1.4),
                (-hem, hem_up),
                (-breadth, 1.44),
                (breadth, 1.44),
                (hem, hem_up),
                (bag - 0.14, 0.95),
                (bag - 0.14, 1.42),
                (bag + 0.14, 1.42),
                (bag + 0.14, 0.95),
                (0.0, 1.64),
                (0.03 * across, 1.59),
            ]
        ) * (self.height / _BODY)
        x, z = self.motion.at(frame)
        return np.stack([x + local[:, 0], local[:, 1], np.full(len(local), z)], axis=1)
