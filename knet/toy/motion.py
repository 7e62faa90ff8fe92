"""Paths of the moving things of the toy street."""

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np


@dataclass
class Motion:
    """A path on the ground, straight with at most one reversal.

    Attributes:
        x: World X at frame 0 in metres.
        z: World Z at frame 0 in metres.
        vx: Velocity along X in metres per frame.
        vz: Velocity along Z in metres per frame.
        turn: Frame at which the velocity reverses, None for a path without reversal.
    """

    x: float
    z: float
    vx: float = 0.0
    vz: float = 0.0
    turn: Optional[float] = None

    def travelled(self, frame: float) -> float:
        """Return the displacement at a frame in multiples of the displacement per frame."""
        if self.turn is None or frame <= self.turn:
            return frame
        return 2 * self.turn - frame

    def at(self, frame: float) -> Tuple[float, float]:
        """Return the position (x, z) at a frame in metres."""
        steps = self.travelled(frame)
        return self.x + self.vx * steps, self.z + self.vz * steps

    def heading(self, frame: float) -> float:
        """Return the direction of travel in radians: 0 is along +Z, pi / 2 along +X."""
        sign = -1.0 if self.turn is not None and frame > self.turn else 1.0
        return float(np.arctan2(sign * self.vx, sign * self.vz))
