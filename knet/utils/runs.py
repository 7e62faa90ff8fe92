"""Runs of equal pixels: label maps are flat areas, so that some thousand runs say what all pixels say."""

from typing import Sequence, Tuple

import numpy as np


def find_runs(planes: Sequence[np.ndarray]) -> Tuple[np.ndarray, np.ndarray]:
    """Start indices and lengths (int64) of runs in which no plane changes; planes are flat and of one size."""
    size = planes[0].size
    if not size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    changes = np.ones(size, dtype=bool)
    np.not_equal(planes[0][1:], planes[0][:-1], out=changes[1:])
    for plane in planes[1:]:
        changes[1:] |= plane[1:] != plane[:-1]
    starts = np.flatnonzero(changes).astype(np.int64)
    return starts, np.diff(starts, append=size)
