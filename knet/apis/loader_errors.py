"""Errors of samples leave a loader process as the data set has raised them.

PyTorch puts the traceback of the process into the message of the error, so that the one sentence that helps is lost
among twenty lines. Here a process hands a failed batch over as a value, and the main process raises its error again:
same type, same message, and the traceback of the process as its cause, which only ``KNET_DEBUG=1`` shows.

Samples come from their process through shared memory, of which containers have little. Its errors are told as such.
"""

import errno
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from torch.utils.data import DataLoader, Dataset, get_worker_info

from knet.utils.cli import UsageError
from knet.utils.travel import portable

#: How worker processes begin; None is Python's way. Python 3.14 would let a server start them, which imports everything
#: again and heeds signals: one to all processes of a job, as Slurm sends it, would end the server and the workers.
_START = 'fork' if sys.platform.startswith('linux') else None
#: What errors of PyTorch say when shared memory is full.
_SHARED_MEMORY_FULL = ('unable to allocate shared memory', 'Bus error')
_ADVICE = (
    'shared memory (/dev/shm) is full, through which loader processes hand over their samples. Give the container more '
    'of it (docker run --shm-size=8g), or load in the main process: --cfg-options data.workers_per_gpu=0'
)


class WorkerTraceback(Exception):
    """The traceback of a loader process, as text."""


@dataclass(frozen=True)
class FailedSample:
    """What a loader process hands over in place of a sample that could not be made.

    Attributes:
        error: The error.
        trace: Traceback of the error as text.
    """

    error: Exception
    trace: str

    @classmethod
    def of(cls, error: Exception) -> 'FailedSample':
        """Return an error in a form that can leave the process."""
        trace = ''.join(traceback.format_exception(type(error), error, error.__traceback__))
        return cls(portable(error), trace)


def _guard(function: Callable[[Any], Any], argument: Any) -> Any:
    """Call a function; within a loader process, its error becomes a :class:`FailedSample`."""
    if get_worker_info() is None:
        return function(argument)
    try:
        return function(argument)
    except Exception as error:
        return FailedSample.of(error)


class _GuardedDataset(Dataset):
    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    @property
    def CLASSES(self) -> Any:
        return getattr(self.dataset, 'CLASSES', None)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Any) -> Any:
        return _guard(self.dataset.__getitem__, key)


class _GuardedCollate:
    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self.collate = collate

    def __call__(self, samples: Any) -> Any:
        for sample in samples if isinstance(samples, list) else (samples,):
            if isinstance(sample, FailedSample):
                return sample
        return _guard(self.collate, samples)


class PlainErrorLoader(DataLoader):
    """A data loader that raises the error of a sample as the data set raised it, with or without worker processes.

    Args:
        dataset: The data set.
        collate_fn: Function that makes a batch of samples, or, without ``batch_size``, of one sample.
        num_workers: Number of worker processes.
        **kwargs: More arguments of :class:`torch.utils.data.DataLoader`.
    """

    def __init__(self, dataset: Any, collate_fn: Callable[[Any], Any], num_workers: int = 0, **kwargs: Any) -> None:
        super().__init__(
            _GuardedDataset(dataset),
            collate_fn=_GuardedCollate(collate_fn),
            num_workers=num_workers,
            multiprocessing_context=_START if num_workers else None,
            **kwargs,
        )

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Return an iterator over batches; worker processes start at once."""
        try:
            with _named_shared_memory():
                return _RaisingIterator(super().__iter__())
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise UsageError(_ADVICE) from error


class _RaisingIterator:
    def __init__(self, batches: Iterator[Any]) -> None:
        self.batches = batches

    def __iter__(self) -> '_RaisingIterator':
        return self

    def __next__(self) -> Any:
        try:
            with _named_shared_memory():
                batch = next(self.batches)
                if isinstance(batch, FailedSample):
                    raise batch.error from WorkerTraceback(batch.trace)
                return batch
        except StopIteration:
            raise
        except Exception:
            self._end()
            raise

    def _end(self) -> None:
        """End the processes now: an error that lives on would keep them, and Python's exit trip over them."""
        end = getattr(self.batches, '_shutdown_workers', None)  # that of PyTorch's iterator over processes
        if end is not None:
            end()
        self.batches = iter(())


@contextmanager
def _named_shared_memory() -> Iterator[None]:
    """Say of errors that mean that shared memory is full what they mean, and what helps."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        if not any(words in str(error) for words in _SHARED_MEMORY_FULL):
            raise
        raise UsageError(_ADVICE) from error
