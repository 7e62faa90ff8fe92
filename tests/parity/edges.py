"""One comparison for all fixtures of whole models.

Between stages masks are cut hard at ``sigmoid > 0.5``. A pixel whose logit is 0 within rounding falls on one side or
the other, depending on the processor, and then moves every query of its image through self-attention. So a recorded
run is compared with all runs that differ from ours in the sides of such pixels only: it has to agree with one of them
*in full*. A run that computes anything else agrees with none.
"""

from collections import defaultdict
from contextlib import contextmanager
from typing import Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Set, Tuple, TypeVar

import numpy as np
import pytest
import torch

from knet.det import kernel_head, kernel_update_head

Outputs = TypeVar('Outputs')
#: Logits that are this close to 0 may have fallen on the other side in the recorded run, which was computed in float32.
EDGE = 1e-4
#: Logits that may have fallen otherwise in one comparison, and how many of the nearest ones are tried.
MOST_TURNED, MOST_TRIED = 2, 30


class Logit(NamedTuple):
    """A logit on the edge: its distance from 0, and its places, because several cuts may read the same mask.

    Attributes:
        distance: Absolute value.
        places: Pairs of the number of the cut in the run and the position in the flattened masks.
    """

    distance: float
    places: FrozenSet[Tuple[int, int]]


class _Cuts:
    """Replacement of ``hard_masks`` that notes the logits on the edge and turns some pixels over."""

    def __init__(self, turned_over: Set[Tuple[int, int]]) -> None:
        self._turned_over, self._count = turned_over, 0
        self._near: Dict[float, Set[Tuple[int, int]]] = defaultdict(set)

    def __call__(self, masks: torch.Tensor) -> torch.Tensor:
        hard = (masks.detach().sigmoid() > 0.5).to(masks.dtype).flatten(2)
        logits, flat = masks.detach().flatten(), hard.view(-1)
        for position in torch.nonzero(logits.abs() < EDGE).flatten().tolist():
            self._near[float(logits[position])].add((self._count, position))
        for cut, position in self._turned_over:
            if cut == self._count:
                flat[position] = 1 - flat[position]
        self._count += 1
        return hard

    def edge(self) -> List[Logit]:
        """The logits on the edge, the nearest first."""
        return sorted(Logit(abs(value), frozenset(places)) for value, places in self._near.items())


@contextmanager
def turned(logits: Set[Logit]) -> Iterator[_Cuts]:
    """Turn the pixels of some logits over in the runs of this block; gives the record of those on the edge."""
    cuts = _Cuts({place for logit in logits for place in logit.places})
    with pytest.MonkeyPatch.context() as patch:
        for module in (kernel_head, kernel_update_head):
            patch.setattr(module, 'hard_masks', cuts)
        yield cuts


def out_of_tolerance(mine: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> int:
    """Return the number of elements that are not within tolerance."""
    return int((~np.isclose(mine, want, rtol=rtol, atol=atol)).sum())


def closest_run(run: Callable[[], Outputs], mismatch: Callable[[Outputs], int]) -> Outputs:
    """Return the outputs of the run that agrees best with the record, among those with pixels on the edge turned over.

    Pixels are only turned over where that leaves less to differ; without a difference there is one run.

    Args:
        run: Computes the outputs; the same whenever it is called, but for the cuts. In float64, so that our own run
            does not depend on the machine.
        mismatch: Number of elements of the outputs that are not within tolerance.

    Returns:
        Outputs, to be compared strictly.
    """
    chosen: Set[Logit] = set()
    with turned(chosen) as cuts:
        outputs = run()
    left, edge = mismatch(outputs), cuts.edge()
    while left and len(chosen) < MOST_TURNED:
        found = [(left, -1)]
        candidates = [logit for logit in edge if logit not in chosen][:MOST_TRIED]
        for number, logit in enumerate(candidates):
            with turned({*chosen, logit}), torch.no_grad():
                found.append((mismatch(run()), number))
            if not found[-1][0]:
                break
        fewest, number = min(found)
        if number < 0 or fewest >= left:
            break
        chosen.add(candidates[number])
        with turned(chosen) as cuts:
            outputs = run()
        left, edge = fewest, cuts.edge()
    return outputs
