"""Half precision: which type it is, training steps in it, and what is computed in full precision all the same.

Sums over many pixels exceed what float16 can hold; they are computed in full precision also under autocast.
"""

import functools
from typing import Any, Callable, Optional, TypeVar, Union, cast

import torch
from torch import Tensor, nn

#: Half precision of inference: a name of :data:`HALF`, True for what suits the device, False for none.
Half = Union[bool, str]
#: Types by the names that command lines take.
HALF = {'fp16': torch.float16, 'bf16': torch.bfloat16}
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


def half_type(half: Half, device: torch.device) -> Optional[torch.dtype]:
    """Return the type that ``half`` stands for on a device, None for full precision; True is float16 on GPUs only."""
    if not half:
        return None
    name = half if isinstance(half, str) else 'fp16' if device.type == 'cuda' else 'bf16'
    if name not in HALF:
        raise ValueError(f'half precision is {" or ".join(HALF)}, not {name!r}')
    return HALF[name]


def train_in_bfloat16(model: nn.Module, device: torch.device) -> None:
    """Run the forward part of training steps under autocast to bfloat16, in place.

    bfloat16 has the range of float32, so that the losses need no scaling.

    Args:
        model: Detector with ``train_step``.
        device: Its device.
    """
    step = cast(Callable[..., Any], model.train_step)

    @functools.wraps(step)
    def train_step(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device.type, dtype=torch.bfloat16):
            return step(*args, **kwargs)

    model.train_step = train_step  # type: ignore[assignment]  # an attribute hides the method


def allow_tf32(allow: Optional[bool]) -> None:
    """Let products and convolutions on GPUs round their factors to TF32, or not; None leaves torch's choice."""
    if allow is not None:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allow
