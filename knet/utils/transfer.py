"""Copies between host and accelerator that wait as little as possible."""

from typing import Any, List, Optional

import torch
from torch import Tensor


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
    bytes_of = [tensor.detach().contiguous().flatten().view(torch.uint8) for tensor in tensors]
    parts = torch.cat(bytes_of).cpu().split([len(part) for part in bytes_of])
    # A part may begin at any byte, but numbers have to be aligned.
    return [part.clone().view(tensor.dtype).view(tensor.shape) for part, tensor in zip(parts, tensors)]
