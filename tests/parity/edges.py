"""One comparison for all fixtures of whole models: rounding decides on which side of the cut a mask pixel on the edge falls.

Between stages masks are cut hard at ``sigmoid > 0.5``. A pixel whose logit is 0 within rounding falls on one side or the
other, depending on the processor, and then moves every query of its image through self-attention. So a recorded run is
compared with all runs that differ from ours in the sides of such pixels only: it has to agree with one of them *in full*. A
run that computes anything else agrees with none.
"""

from contextlib import contextmanager
from typing import Callable, FrozenSet, Iterator, List, NamedTuple, TypeVar

import numpy as np
import pytest
import torch

from knet.det import kernel_head, kernel_update_head

Outputs = TypeVar('Outputs')
#: Logits that are this close to 0 may have fallen on the other side in the recorded run, which was computed in float32.
EDGE = 1e-4
#: Pixels that may have fallen otherwise in one comparison, and how many of the nearest ones are tried.
MOST_FLIPS, MOST_TRIED = 3, 40


class Pixel(NamedTuple):
    """A pixel at a cut: how close its logit is to 0, the number of the cut in the run, and its position in the masks."""

    distance: float
    cut: int
    position: int


Flips = FrozenSet[Pixel]


class _Cuts:
    """Replacement of ``hard_masks`` that notes the pixels on the edge and turns some of them over."""

    def __init__(self, flips: Flips) -> None:
        self._flips, self._count = flips, 0
        self.edge: List[Pixel] = []

    def __call__(self, masks: torch.Tensor) -> torch.Tensor:
        hard = (masks.detach().sigmoid() > 0.5).to(masks.dtype).flatten(2)
        distances = masks.detach().abs().flatten()
        for position in torch.nonzero(distances < EDGE).flatten().tolist():
            self.edge.append(Pixel(float(distances[position]), self._count, position))
        flat = hard.view(-1)
        for pixel in self._flips:
            if pixel.cut == self._count:
                flat[pixel.position] = 1 - flat[pixel.position]
        self._count += 1
        return hard


@contextmanager
def turned(flips: Flips) -> Iterator[_Cuts]:
    """Turn some pixels over at the cuts of the runs in this block; gives the record of those on the edge."""
    cuts = _Cuts(flips)
    with pytest.MonkeyPatch.context() as patch:
        for module in (kernel_head, kernel_update_head):
            patch.setattr(module, 'hard_masks', cuts)
        yield cuts


def deviation(mine: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> int:
    """Return the number of elements that are not within tolerance."""
    return int((~np.isclose(mine, want, rtol=rtol, atol=atol)).sum())


def closest_run(run: Callable[[], Outputs], mismatch: Callable[[Outputs], int]) -> Outputs:
    """Return the outputs of the run that agrees best with the record, among those with pixels on the edge turned over.

    Args:
        run: Computes the outputs; the same whenever it is called, but for the cuts.
        mismatch: Number of elements of the outputs that are not within tolerance.

    Returns:
        Outputs, to be compared strictly. Pixels are only turned over where that leaves less to differ.
    """
    flips: Flips = frozenset()
    with turned(flips) as cuts:
        best = run()
    worst, edge = mismatch(best), cuts.edge
    while worst and len(flips) < MOST_FLIPS:
        tried = []
        for pixel in sorted(set(edge) - flips)[:MOST_TRIED]:
            with turned(flips | {pixel}) as cuts:
                outputs = run()
            tried.append((mismatch(outputs), pixel, outputs, cuts.edge))
            if not tried[-1][0]:
                break
        if not tried:
            break
        fewest, pixel, outputs, edge_now = min(tried, key=lambda found: found[0])
        if fewest >= worst:
            break
        worst, best, flips, edge = fewest, outputs, flips | {pixel}, edge_now
    return best
