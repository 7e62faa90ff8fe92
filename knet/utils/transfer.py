"""Copies between host and accelerator that wait as little as possible."""

from typing import Any, Callable, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

#: Shape, data type and number of bytes of a tensor.
Layout = Tuple[torch.Size, torch.dtype, int]


def upload(values: Any, device: torch.device, dtype: Optional[torch.dtype] = None) -> Tensor:
    """Return numbers of the host as a tensor on a device, without waiting for the device.

    Args:
        values: Array, tensor, number, or nested lists of numbers.
        device: Device of the result.
        dtype: Data type of the result; by default that of the values.

    Returns:
        The tensor; it shares memory with ``values`` where nothing has to be copied.
    """
    return torch.as_tensor(values, dtype=dtype).to(device, non_blocking=True)


def download(*tensors: Tensor) -> List[Tensor]:
    """Copy tensors of one device to the host, together, so that the host waits once.

    Args:
        *tensors: Tensors of any shapes and data types.

    Returns:
        The same tensors on the host; where they already are there, they are not copied.
    """
    if all(tensor.device.type == 'cpu' for tensor in tensors):
        return list(tensors)
    return _unpacked(_packed(tensors).cpu(), _layouts(tensors))


def begin_download(*tensors: Tensor) -> Callable[[], List[Tensor]]:
    """Begin to copy tensors of one device to the host, and go on at once.

    Args:
        *tensors: Tensors of any shapes and data types, which must not be changed in place afterwards.

    Returns:
        A function that waits for the copies and returns them, to be called once, from any thread; where the tensors
        already are on the host, it returns them.
    """
    if all(tensor.device.type == 'cpu' for tensor in tensors):
        return lambda: list(tensors)
    packed, layouts = _packed(tensors), _layouts(tensors)
    is_cuda = packed.device.type == 'cuda'
    # Only copies to pinned memory do not block.
    host = torch.empty(packed.shape, dtype=packed.dtype, pin_memory=is_cuda)
    host.copy_(packed, non_blocking=True)
    arrived = torch.cuda.Event() if is_cuda else None
    if arrived is not None:
        arrived.record()

    def finish() -> List[Tensor]:
        if arrived is not None:
            arrived.synchronize()
        return _unpacked(host, layouts)

    return finish


def narrowed(numbers: Tensor, largest: int) -> Tensor:
    """Return whole numbers in a data type with fewer bytes, where they have to leave a device.

    Args:
        numbers: Integers in 0..``largest``, of any shape.
        largest: Known to the host.

    Returns:
        On a device the numbers as uint8 or int16 if they fit; on the host the tensor itself.
    """
    if numbers.device.type == 'cpu' or largest >= 2**15:
        return numbers
    return numbers.to(torch.uint8 if largest < 2**8 else torch.int16)


def _packed(tensors: Sequence[Tensor]) -> Tensor:
    """Return the bytes of tensors as one tensor (n,) uint8."""
    return torch.cat([tensor.detach().contiguous().flatten().view(torch.uint8) for tensor in tensors])


def _layouts(tensors: Sequence[Tensor]) -> List[Layout]:
    return [(tensor.shape, tensor.dtype, tensor.numel() * tensor.element_size()) for tensor in tensors]


def _unpacked(packed: Tensor, layouts: List[Layout]) -> List[Tensor]:
    """Return the tensors in :func:`_packed` bytes."""
    parts = packed.split([size for _, _, size in layouts])
    # A part may begin at any byte, but numbers have to be aligned.
    return [part.clone().view(dtype).view(shape) for part, (shape, dtype, _) in zip(parts, layouts)]
