"""Copies between host and accelerator keep every value, and wait once or never."""

import pytest
import torch

from knet.utils.transfer import download, upload
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


def test_what_is_here_is_not_copied() -> None:
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
