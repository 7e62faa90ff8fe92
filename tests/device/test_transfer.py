"""Copies between host and accelerator keep every value, and wait once or never."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from knet.utils import transfer
from knet.utils.transfer import begin_download, download, narrowed, upload
from tests.helpers.pretend_device import DEVICE, DeviceTensor, pretend_device

TENSORS = [
    torch.tensor([True, False, True]),
    torch.arange(6, dtype=torch.int32).view(2, 3).t(),
    torch.tensor(2.5, dtype=torch.float64),
    torch.zeros(0, 4),
    torch.tensor([1.5, -float('inf')], dtype=torch.float16),
    torch.tensor([[2**40]]),
]


def test_a_download_waits_once() -> None:
    with pretend_device() as waits:
        there = [tensor.to(DEVICE) for tensor in TENSORS]
        waits.clear()
        here = download(*there)
        assert sum(waits.reads.values()) == 1
    for tensor, expected in zip(here, TENSORS):
        assert not isinstance(tensor, DeviceTensor) and tensor.dtype == expected.dtype
        assert tensor.shape == expected.shape and torch.equal(tensor, expected)


def test_a_download_that_is_begun_never_waits() -> None:
    """Another thread, which knows nothing of the device, may ask for the result."""
    with pretend_device() as waits:
        there = [tensor.to(DEVICE) for tensor in TENSORS]
        waits.clear()
        finish = begin_download(*there)
        assert not waits.reads and not waits.uploads
    with ThreadPoolExecutor(1) as pool:
        here = pool.submit(finish).result()
    for tensor, expected in zip(here, TENSORS):
        assert tensor.dtype == expected.dtype and tensor.shape == expected.shape and torch.equal(tensor, expected)


def test_another_thread_unpacks_what_inference_made() -> None:
    with torch.inference_mode():
        packed = transfer._packed(TENSORS)
    with ThreadPoolExecutor(1) as pool:
        here = pool.submit(transfer._unpacked, packed, transfer._layouts(TENSORS)).result()
    assert all(torch.equal(tensor, expected) for tensor, expected in zip(here, TENSORS))


@pytest.mark.parametrize(
    'largest, dtype', [(255, torch.uint8), (256, torch.int16), (2**15 - 1, torch.int16), (2**15, torch.int32)]
)
def test_numbers_are_narrowed_as_far_as_they_fit(largest: int, dtype: torch.dtype) -> None:
    numbers = torch.tensor([0, largest], dtype=torch.int32)
    with pretend_device():
        there = narrowed(numbers.to(DEVICE), largest)
        assert there.dtype == dtype and there.tolist() == [0, largest]
    assert narrowed(numbers, largest) is numbers


def test_what_is_here_is_not_copied() -> None:
    assert all(a is b for a, b in zip(begin_download(*TENSORS)(), TENSORS))
    assert all(a is b for a, b in zip(download(*TENSORS), TENSORS))
    assert download() == []
    assert upload(TENSORS[1], torch.device('cpu')) is TENSORS[1]


@pytest.mark.parametrize(
    'values', [[1, 2], 3, TENSORS[1], TENSORS[1].numpy()], ids=['list', 'number', 'tensor', 'array']
)
def test_an_upload_never_waits(values: object) -> None:
    with pretend_device() as waits:
        there = upload(values, DEVICE, torch.float32)
        assert (
            isinstance(there, DeviceTensor) and there.dtype == torch.float32 and not waits.reads and not waits.uploads
        )
    assert torch.equal(there.held, torch.as_tensor(values, dtype=torch.float32))
