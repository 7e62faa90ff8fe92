"""The persons of the toy street."""

from dataclasses import dataclass
from typing import NamedTuple, Tuple

import numpy as np

from knet.toy.drawing import Canvas, Colour
from knet.toy.motion import Motion

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


# The joints of a person are given for this body height in metres.
_BODY = 1.75


class Look(NamedTuple):
    """What a person looks like.

    Attributes:
        shirt: Colour of the torso.
        trousers: Colour of the legs.
        skin: Colour of head and hands.
        hair: Colour of the hair.
        skirt: True if a skirt covers the upper legs.
        backpack: True if the person wears a backpack.
    """

    shirt: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    skirt: bool = False
    backpack: bool = False

    @classmethod
    def sample(cls, rng: np.random.RandomState) -> 'Look':
        """Draw the colours; skirt and backpack are left out."""
        return cls(
            CLOTHES[rng.randint(len(CLOTHES))],
            CLOTHES[rng.randint(len(CLOTHES))],
            SKIN[rng.randint(len(SKIN))],
            HAIR[rng.randint(len(HAIR))],
        )


@dataclass
class Person:
    """A walking person drawn as limbs, torso and head.

    Attributes:
        owner: Object number on the canvas.
        motion: Path of the person.
        height: Body height in metres.
        stride: Phase of the walk per frame in radians, 0 for a standing person.
        phase: Phase of the walk at frame 0 in radians.
        look: What the person looks like.
    """

    owner: int
    motion: Motion
    height: float
    stride: float
    phase: float
    look: Look

    @classmethod
    def sample(cls, rng: np.random.RandomState, owner: int, motion: Motion) -> 'Person':
        """Draw the size, the gait and the look of a person, who is a child now and then."""
        walks = motion.vx != 0 or motion.vz != 0
        height = rng.uniform(1.5, 1.95) if rng.uniform() < 0.85 else rng.uniform(1.1, 1.35)
        stride, phase = rng.uniform(0.9, 1.3) if walks else 0.0, rng.uniform(0, 2 * np.pi)
        look = Look.sample(rng)
        skirt, backpack = bool(rng.uniform() < 0.25), bool(rng.uniform() < 0.25)
        return cls(owner, motion, height, stride, phase, look._replace(skirt=skirt, backpack=backpack))

    def shadow(self, frame: float) -> np.ndarray:
        """Return the (4, 3) world corners of the shadow on the ground."""
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
            canvas.stroke(hips[side], feet[side], 0.2 * pixels, paint(self.look.trousers, light))
            canvas.stroke(feet[side], toes[side], 0.12 * pixels, paint((40, 34, 32)))
        if self.look.backpack:
            canvas.polygon(bag, paint((70, 62, 40)))
        canvas.polygon(torso, paint(self.look.shirt))
        for side, light in ((0, 0.8), (1, 1.08)):
            canvas.stroke(shoulders[side], hands[side], 0.13 * pixels, paint(self.look.shirt, light))
            canvas.disc(hands[side], 0.07 * pixels, paint(self.look.skin))
        canvas.disc(crown, 0.15 * pixels, paint(self.look.hair))
        canvas.disc(face, 0.128 * pixels, paint(self.look.skin))

    def _joints(self, frame: float, across: float) -> np.ndarray:
        """Return the (20, 3) world points of the body; ``across`` is the sine of the heading."""
        swing = float(np.sin(self.phase + self.stride * frame)) if self.stride else 0.15
        # The limbs of a person seen from the side swing left and right, other limbs hardly move.
        reach = 0.30 * swing * max(abs(across), 0.35)
        hip, breadth = 0.1 * (1 - 0.5 * abs(across)), 0.27 * (1 - 0.3 * abs(across))
        hem, hem_up = (breadth * 1.25, 0.45) if self.look.skirt else (breadth * 0.85, 0.82)
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
