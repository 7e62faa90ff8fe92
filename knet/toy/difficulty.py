"""What makes a toy street harder than the default one: small options that can be combined."""

from dataclasses import dataclass, fields
from typing import Dict, List, Sequence, Tuple, Union

import numpy as np

Seed = Union[int, Sequence[int]]

#: Option -> its fixed version number, which changes whenever the same seed and level give different videos.
VERSIONS: Dict[str, int] = {
    'look_alikes': 1,
    'crossings': 1,
    'occluders': 1,
    'lighting': 1,
    'blur': 1,
    'turn': 1,
    'small': 1,
}
#: Option -> highest level.
_HIGHEST: Dict[str, float] = {
    'look_alikes': True,
    'crossings': 6,
    'occluders': 2,
    'lighting': 0.9,
    'blur': 1.0,
    'turn': 1.0,
    'small': 0.7,
}


@dataclass(frozen=True)
class Difficulty:
    """How a toy street differs from the default one.

    Every option draws from a random generator of its own, so switching one of them leaves everything else of a video as
    it is: the same seed shows the same ride with the same things.

    Attributes:
        look_alikes: Whether all cars of a video have one colour and shape, and all persons one look and height.
        crossings: Number of pairs of persons who walk towards each other and meet in front of the camera, 0..6.
        occluders: Number of hoardings that hide a person who walks behind them for several frames, 0..2.
        lighting: Share of the light that is lost and regained within a video, 0..0.9.
        blur: Time for which the shutter is open, as a part of the time between two frames, 0..1.
        turn: Share of the width of the picture by which the camera turns within a video, 0..1.
        small: Share by which all cars and persons are smaller, 0..0.7.

    Raises:
        ValueError: If a level is out of its range.
    """

    look_alikes: bool = False
    crossings: int = 0
    occluders: int = 0
    lighting: float = 0.0
    blur: float = 0.0
    turn: float = 0.0
    small: float = 0.0

    def __post_init__(self) -> None:
        for name, level in self.levels():
            if not 0 <= level <= _HIGHEST[name]:
                raise ValueError(f'{name.replace("_", "-")} must be between 0 and {_HIGHEST[name]}, got {level}')

    def levels(self) -> List[Tuple[str, float]]:
        """Return the name and the level of every option."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def card(self) -> Dict[str, Dict[str, float]]:
        """Return level and version of the options that are in use, for the record of a data set; empty by default."""
        return {name: dict(level=level, version=VERSIONS[name]) for name, level in self.levels() if level}

    @staticmethod
    def rng(seed: Seed, option: str) -> np.random.RandomState:
        """Return the random generator of one option in the video of a seed."""
        return np.random.RandomState([*np.atleast_1d(seed).tolist(), list(VERSIONS).index(option) + 1])


#: The default street.
DEFAULT = Difficulty()


class Lamp:
    """The brightness of a video over its time.

    Args:
        rng: Random generator of the option.
        depth: Share of the light that is lost in the darkest moment, 0..0.9.
        duration: Length of the video in units of time.
    """

    def __init__(self, rng: np.random.RandomState, depth: float, duration: float) -> None:
        self._depth = depth
        # One to one and a half waves: the brightest and the darkest moment are part of every video.
        self._period, self._phase = duration / rng.uniform(1.0, 1.5), rng.uniform(0, 2 * np.pi)

    def brightness(self, time: float) -> float:
        """Return the factor of all colours at a time."""
        wave = 0.5 - 0.5 * float(np.cos(self._phase + 2 * np.pi * time / self._period))
        return 1.0 - self._depth * wave
