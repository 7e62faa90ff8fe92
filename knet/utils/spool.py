"""Storage of tensors in a temporary file."""

import io
import tempfile
from types import TracebackType
from typing import Any, Iterator, List, Optional, Tuple, Type

import torch
from torch import Tensor


class TensorSpool:
    """Write tensors to a temporary file one after the other, and read them in this order any number of times.

    The file has no name and is deleted with the object; ``TMPDIR`` sets its folder. The file is read and written, not
    mapped, so that its pages do not count as memory of the process.

    Args:
        device: Device of the tensors that are read.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._file: Any = None
        self._kinds: List[Tuple[torch.Size, torch.dtype]] = []

    def __enter__(self) -> 'TensorSpool':
        self._file = tempfile.TemporaryFile(prefix='knet_')
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self._file.close()

    def append(self, tensor: Tensor) -> None:
        """Write a tensor of any device and dtype.

        Raises:
            OSError: If the disk is full.
        """
        try:
            self._file.seek(0, io.SEEK_END)
            self._file.write(tensor.contiguous().view(torch.uint8).cpu().numpy().data)
            self._file.flush()
        except OSError as error:
            raise OSError(
                f'the video cannot be kept in {tempfile.gettempdir()}: {error}; let TMPDIR name '
                'a folder on a larger disk'
            ) from error
        self._kinds.append((tensor.shape, tensor.dtype))

    def __iter__(self) -> Iterator[Tensor]:
        position = 0
        for shape, dtype in self._kinds:
            tensor = torch.empty(shape, dtype=dtype)
            buffer = tensor.view(torch.uint8).numpy()
            self._file.seek(position)
            position += self._file.readinto(buffer.data)
            yield tensor.to(self.device)
