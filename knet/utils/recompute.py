"""Activation checkpointing: less memory in training for a little time."""

from typing import Callable

from torch import Tensor
from torch.utils.checkpoint import checkpoint


def recompute(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function(x)``, run again in the backward pass instead of keeping its intermediate results.

    Args:
        function: Draws no random numbers and changes no state.
        x: Its argument, which is kept.

    Returns:
        What the function returns.
    """
    return checkpoint(function, x, use_reentrant=False, preserve_rng_state=False)
