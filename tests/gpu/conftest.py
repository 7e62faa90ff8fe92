"""Tests that need a GPU: marked ``gpu``, and skipped where torch sees none.

``KNET_GPU_TESTS=cpu`` runs those that can run there on the CPU, so that a change of the tests themselves can be tried
on a machine without a GPU.
"""

import os
from pathlib import Path
from typing import Iterator, List

import pytest
import torch

_DEVICE = os.environ.get('KNET_GPU_TESTS', 'cuda')
_FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them where they cannot run."""
    for item in items:
        if _FOLDER in Path(str(item.fspath)).parents:
            item.add_marker(pytest.mark.gpu)
            if not torch.cuda.is_available() and (_DEVICE != 'cpu' or 'cuda' in getattr(item, 'fixturenames', ())):
                item.add_marker(pytest.mark.skip(reason='torch sees no GPU'))


@pytest.fixture
def device() -> torch.device:
    """Return the device under test."""
    return torch.device(_DEVICE)


@pytest.fixture
def cuda() -> torch.device:
    """Return the GPU, for tests that have no meaning on a CPU."""
    return torch.device('cuda')


@pytest.fixture(autouse=True)
def full_float32() -> Iterator[None]:
    """Float32 is computed as such: TF32 is off."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = False
    yield
    matmul.allow_tf32, cudnn.allow_tf32 = before
