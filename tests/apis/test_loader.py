"""Sampling and seeding: the same data whatever the processes, workers and history."""

from typing import Any, List, Optional

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from knet.apis.loader import GlobalBatchSampler, build_test_loader, build_train_loader
from knet.utils.cli import UsageError, error_text
from knet.utils.seeding import mix_seed


class Numbers(Dataset):
    """Sample = (index, a random number)."""

    def __init__(self, length: int, flag: Optional[List[int]] = None) -> None:
        self.length = length
        self.flag = np.array(flag if flag is not None else [0] * length)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.tensor([index, np.random.rand()], dtype=torch.float64)


def batches(**kwargs: int) -> List[List[List[float]]]:
    """All batches of two epochs."""
    loader = build_train_loader(Numbers(7), 2, seed=3, **kwargs)
    return [batch.tolist() for _ in range(2) for batch in loader]


def test_workers_do_not_change_the_batches() -> None:
    assert batches(workers_per_gpu=0) == batches(workers_per_gpu=2)


def test_every_access_draws_anew() -> None:
    first = batches(workers_per_gpu=0)
    numbers = [number for batch in first for _, number in batch]
    assert len(set(numbers)) == len(numbers)
    assert sorted({int(index) for batch in first[:4] for index, _ in batch}) == list(range(7))


@pytest.mark.parametrize('length', [1, 5, 8, 13])
def test_ranks_split_the_batches_of_one_process(length: int) -> None:
    single = list(GlobalBatchSampler(Numbers(length), 4, seed=1, rank=0, world_size=1))
    parts = [list(GlobalBatchSampler(Numbers(length), 2, seed=1, rank=r, world_size=2)) for r in range(2)]
    steps = len(single) // 4
    joined = [entry for step in range(steps) for part in parts for entry in part[2 * step : 2 * step + 2]]
    assert joined == single


@pytest.mark.parametrize('start', [0, 1, 3, 4, 9])
def test_seek_continues_where_a_pass_would_be(start: int) -> None:
    sampler = GlobalBatchSampler(Numbers(7), 2, seed=5, rank=0, world_size=1)
    whole = [entry for _ in range(4) for entry in sampler]
    again = GlobalBatchSampler(Numbers(7), 2, seed=5, rank=0, world_size=1)
    again.seek(start)
    rest = [entry for _ in range(4) for entry in again]
    assert rest[: len(whole) - 2 * start] == whole[2 * start :]


def test_groups_do_not_mix() -> None:
    sampler = GlobalBatchSampler(Numbers(9, [0, 1, 0, 1, 0, 1, 0, 0, 0]), 2, seed=0, rank=0, world_size=1)
    assert len(sampler) == 10
    for row in sampler.epoch_batches(0):
        assert len({index in (1, 3, 5) for index in row}) == 1


def test_empty_data_set_is_named() -> None:
    with pytest.raises(UsageError, match='Numbers is empty'):
        build_train_loader(Numbers(0), 1, 0, seed=0)


def test_mixed_seeds_differ() -> None:
    assert len({mix_seed(a, b) for a in range(20) for b in range(20)}) == 400


class OddError(Exception):
    """An error that cannot be rebuilt from its message."""

    def __init__(self, path: str, number: int) -> None:
        super().__init__(f'{path} is odd ({number})')


class Damaged(Numbers):
    """Sample 3 is damaged."""

    def __init__(self, error: Exception) -> None:
        super().__init__(7)
        self.error = error

    def __getitem__(self, index: int) -> torch.Tensor:
        if index == 3:
            raise self.error
        return super().__getitem__(index)


@pytest.mark.process
@pytest.mark.parametrize(
    'error', [ValueError('b.png: damaged'), FileNotFoundError(2, 'No such file', 'b.png'), KeyError('b.png')], ids=repr
)
def test_errors_of_samples_leave_the_worker_as_they_are(error: Exception) -> None:
    for workers in (0, 1):
        with pytest.raises(type(error)) as caught:
            list(build_test_loader(Damaged(error), list(range(7)), workers))
        assert str(caught.value) == str(error) and error_text(caught.value) == error_text(error)
        assert not workers or 'Traceback' in str(caught.value.__cause__)


@pytest.mark.process
def test_errors_that_cannot_be_rebuilt_keep_their_message() -> None:
    with pytest.raises(RuntimeError, match=r'^OddError: a\.png is odd \(4\)$'):
        list(build_test_loader(Damaged(OddError('a.png', 4)), list(range(7)), 1))


@pytest.mark.process
def test_errors_of_batches_leave_the_worker_as_they_are() -> None:
    """Frames of several sizes are samples without fault, and a batch that cannot be made."""
    samples = [torch.zeros(1), torch.zeros(2)]
    with pytest.raises(RuntimeError, match='^stack expects each tensor to be equal size'):
        list(build_train_loader(samples, 2, 1, seed=0))


@pytest.mark.parametrize(
    'error',
    [
        RuntimeError('unable to allocate shared memory(shm) for file </torch_1_2_0>: No space left on device (28)'),
        RuntimeError('DataLoader worker (pid 1) is killed by signal: Bus error.'),
    ],
)
def test_shared_memory_that_is_full_is_named(error: Exception) -> None:
    class Full(Numbers):
        def __getitem__(self, index: int) -> torch.Tensor:
            raise error

    with pytest.raises(UsageError, match='shared memory .*workers_per_gpu=0'):
        next(iter(build_train_loader(Full(2), 1, workers_per_gpu=0, seed=0)))


def test_processes_that_cannot_start_for_lack_of_it_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(loader: DataLoader) -> Any:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(DataLoader, '__iter__', start)
    with pytest.raises(UsageError, match='shared memory .*workers_per_gpu=0'):
        next(iter(build_train_loader(Numbers(2), 1, workers_per_gpu=0, seed=0)))


@pytest.mark.process
@pytest.mark.parametrize('workers', [0, 1])
def test_a_full_disk_of_a_data_set_is_not_mistaken_for_it(workers: int) -> None:
    with pytest.raises(OSError, match='No space left on device'):
        list(build_test_loader(Damaged(OSError(28, 'No space left on device')), list(range(7)), workers))
