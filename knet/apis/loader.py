"""Data loading whose randomness depends on (seed, epoch, sample) and on nothing else.

The number of worker processes, the number of ranks and what ran before must not change a sample. Then an interrupted
run continues as if nothing had happened, and N processes see the global batches of one process. Therefore the sampler
yields every index together with a seed of its own, and the wrapper of the data set seeds all generators before it makes
the sample.
"""

from functools import partial
from typing import Any, Iterator, List, Optional, Protocol, Tuple

import cv2
import numpy as np
import torch
from mmcv.parallel import collate
from mmcv.runner import get_dist_info
from torch.utils.data import DataLoader, Dataset, Sampler

from knet.apis.loader_errors import PlainErrorLoader
from knet.utils.cli import UsageError
from knet.utils.lifetime import helper_process
from knet.utils.seeding import mix_seed, seed_all

SeededIndex = Tuple[int, int]


class SizedDataset(Protocol):
    """What the loaders need of a data set: samples by number."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __getitem__(self, index: int) -> Any:
        """Return a sample."""


class SeededDataset(Dataset):
    """A data set addressed by ``(index, seed)``.

    Args:
        dataset: The data set; its random transforms use python's, numpy's or
            torch's global generators.
    """

    def __init__(self, dataset: SizedDataset) -> None:
        self.dataset = dataset

    @property
    def CLASSES(self) -> Any:
        """Names of the classes, which hooks of mmdet read; None if the data set has none."""
        return getattr(self.dataset, 'CLASSES', None)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: SeededIndex) -> Any:
        index, seed = key
        seed_all(seed)
        return self.dataset[index]


class GlobalBatchSampler(Sampler):
    """Shuffle an epoch into global batches and yield this rank's share of each.

    An epoch is one permutation of the data set, the same for every number of
    processes; global batch ``i`` has ``world_size * samples_per_rank``
    consecutive entries and rank r takes the r-th part. So one process with
    batch 2 and two processes with batch 1 see the same samples per step. Where
    the data set has a ``flag`` (aspect groups), a global batch is of one group.
    The last batch of a group is filled up with entries from its beginning.

    After each pass the sampler moves on to the next epoch by itself;
    :meth:`seek` puts it anywhere, also into the middle of an epoch.

    Args:
        dataset: Data set with a length.
        samples_per_rank: Batch size of one process.
        seed: Base seed, the same on all ranks.
        rank: Rank of this process; by default that of the process group.
        world_size: Number of processes; by default that of the process group.
        shuffle: Whether to permute the data set; otherwise indices ascend.
    """

    def __init__(
        self,
        dataset: SizedDataset,
        samples_per_rank: int,
        seed: int,
        rank: Optional[int] = None,
        world_size: Optional[int] = None,
        shuffle: bool = True,
    ) -> None:
        if len(dataset) == 0:
            raise UsageError(f'data set {type(dataset).__name__} is empty: check its data_root and split')
        self.samples_per_rank = samples_per_rank
        self.seed = seed
        current_rank, current_size = get_dist_info()
        self.rank = current_rank if rank is None else rank
        self.world_size = current_size if world_size is None else world_size
        self.shuffle = shuffle
        self.groups = self._groups(dataset)
        self.num_batches = sum(-(-len(group) // self.global_batch) for group in self.groups)
        self._epoch, self._skip = 0, 0

    @property
    def global_batch(self) -> int:
        """Number of samples of all ranks in one step."""
        return self.samples_per_rank * self.world_size

    @staticmethod
    def _groups(dataset: SizedDataset) -> List[np.ndarray]:
        flag = np.asarray(getattr(dataset, 'flag', np.zeros(len(dataset), dtype=np.int64)))
        return [np.flatnonzero(flag == value) for value in np.unique(flag)]

    def seek(self, iteration: int) -> None:
        """Continue with the given step, counted from 0 at the beginning of the training."""
        self._epoch, self._skip = divmod(iteration, self.num_batches)

    def epoch_batches(self, epoch: int) -> np.ndarray:
        """Return the indices of an epoch, (num_batches, global_batch) int64."""
        generator = np.random.Generator(np.random.PCG64(mix_seed(self.seed, epoch)))
        batches = []
        for group in self.groups:
            order = generator.permutation(group) if self.shuffle else group
            rows = -(-len(order) // self.global_batch)
            batches.append(np.resize(order, (rows, self.global_batch)))
        table = np.concatenate(batches)
        return generator.permutation(table) if self.shuffle else table

    def __iter__(self) -> Iterator[SeededIndex]:
        epoch, skip = self._epoch, self._skip
        table = self.epoch_batches(epoch)
        own = slice(self.rank * self.samples_per_rank, (self.rank + 1) * self.samples_per_rank)
        for row in range(skip, self.num_batches):
            for column in range(own.start, own.stop):
                index = int(table[row, column])
                # A sample that fills up a batch repeats its picture: same index, other seed.
                yield index, mix_seed(self.seed, epoch, index, row * self.global_batch + column)
        self._epoch, self._skip = epoch + 1, 0

    def __len__(self) -> int:
        return self.num_batches * self.samples_per_rank


def quiet_worker(_: int) -> None:
    """Keep a loader process from competing for cores with the network, and tie its life to that of its parent."""
    helper_process()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def build_train_loader(
    dataset: SizedDataset,
    samples_per_gpu: int,
    workers_per_gpu: int,
    seed: int,
    pin_memory: bool = False,
    **kwargs: Any,
) -> DataLoader:
    """Build the loader of training batches for this rank.

    Args:
        dataset: Training data set.
        samples_per_gpu: Batch size of one process.
        workers_per_gpu: Number of loader processes; 0 loads in the main process. It does not change the batches.
        seed: Base seed, the same on all ranks.
        pin_memory: Whether to page-lock batches (CUDA).
        **kwargs: More arguments of :class:`torch.utils.data.DataLoader`.

    Returns:
        The loader; its ``sampler`` is a :class:`GlobalBatchSampler`, its length the number of steps per epoch.
    """
    kwargs.setdefault('persistent_workers', workers_per_gpu > 0)
    return PlainErrorLoader(
        SeededDataset(dataset),
        batch_size=samples_per_gpu,
        sampler=GlobalBatchSampler(dataset, samples_per_gpu, seed),
        num_workers=workers_per_gpu,
        collate_fn=partial(collate, samples_per_gpu=samples_per_gpu),
        worker_init_fn=quiet_worker,
        pin_memory=pin_memory,
        **kwargs,
    )


def build_test_loader(dataset: SizedDataset, indices: List[int], workers: int = 1) -> DataLoader:
    """Build the loader of single test samples in the given order.

    Args:
        dataset: Data set in test mode.
        indices: Data set indices, in the order in which they are wanted.
        workers: Number of loader processes; one keeps a network busy.

    Returns:
        The loader; its batches hold one collated sample.
    """
    return PlainErrorLoader(
        dataset,
        batch_size=1,
        sampler=indices,
        num_workers=min(workers, len(indices)),
        collate_fn=partial(collate, samples_per_gpu=1),
        worker_init_fn=quiet_worker,
    )
