"""Sums over many pixels exceed what float16 can hold; they are computed in full precision also under autocast."""

import functools
from typing import Any, Callable, TypeVar, cast

import torch
from torch import Tensor

F = TypeVar('F', bound=Callable[..., Any])


def full_precision(function: F) -> F:
    """Switch autocast off for the duration of a call, and hand half-precision tensors over as float32.

    Without autocast and with tensors of float32 or float64 nothing changes.

    Args:
        function: Function or method with at least one positional tensor.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        device = next(arg.device for arg in args if isinstance(arg, Tensor))
        with torch.autocast(device.type, enabled=False):
            return function(*(at_least_float32(arg) for arg in args), **kwargs)

    return cast(F, wrapper)


def at_least_float32(value: Any) -> Any:
    """Return a half-precision tensor as float32, and anything else as it is."""
    is_half = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if is_half else value
