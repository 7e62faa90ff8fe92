"""The pretended accelerator computes what the CPU computes, refuses what a GPU refuses, and counts what waits."""

from typing import Any, Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from tests.helpers.pretend_device import DEVICE, DeviceTensor, MixedDevices, Waits, pretend_device, to_device


@pytest.fixture
def waits() -> Iterator[Waits]:
    with pretend_device() as waits:
        yield waits


def x() -> Tensor:
    """Return the numbers 0..5 (2, 3) on the device."""
    return torch.arange(6.0, device=DEVICE).view(2, 3)


def test_results_stay_on_the_device(waits: Waits) -> None:
    made = [x(), torch.zeros(2, device=DEVICE), torch.tensor([1, 2], device=DEVICE), torch.ones(3).to(DEVICE)]
    derived = [
        x() + 1,
        x()[0],
        x()[:, [0, 2]],
        x().new_tensor([1.0]),
        x().new_zeros(2),
        torch.empty_like(x()),
        x().sum(),
    ]
    for tensor in made + derived:
        assert isinstance(tensor, DeviceTensor) and tensor.device == DEVICE
    assert x()[:, [0, 2]].tolist() == [[0, 2], [3, 5]] and not isinstance(x().cpu(), DeviceTensor)


@pytest.mark.parametrize(
    'mix',
    [
        lambda: x() + torch.ones(3),
        lambda: torch.cat([x(), torch.ones(2, 3)]),
        lambda: torch.where(torch.ones(2, 3) > 0, x(), x()),
        lambda: torch.ones(6)[torch.arange(2, device=DEVICE)],
        lambda: nn.Linear(3, 2)(x()),
    ],
)
def test_both_devices_do_not_mix(waits: Waits, mix: Callable[[], Any]) -> None:
    with pytest.raises(MixedDevices, match=r'of shapes .* at tests/device/test_pretend_device.py:\d+'):
        mix()


def test_what_a_gpu_accepts_is_accepted(waits: Waits) -> None:
    """Single numbers, copies, and indices of the CPU."""
    assert (x() * torch.tensor(2.0)).tolist() == [[0, 2, 4], [6, 8, 10]]
    assert x()[torch.tensor([1])].tolist() == [[3, 4, 5]]
    target = torch.zeros(2, 3)
    target.copy_(x())
    there = x()
    there[0] = torch.ones(3)
    assert target.tolist() == [[0, 1, 2], [3, 4, 5]] and there.tolist() == [[1, 1, 1], [3, 4, 5]]


def test_numpy_needs_a_copy_on_the_cpu(waits: Waits) -> None:
    with pytest.raises(TypeError, match="can't convert"):
        x().numpy()
    assert x().cpu().numpy().tolist() == [[0, 1, 2], [3, 4, 5]]


READS = dict(
    item=lambda: x().sum().item(),
    bool=lambda: bool(x().any()),
    int=lambda: int(x()[0, 0]),
    cpu=lambda: x().cpu(),
    to=lambda: x().to('cpu', torch.float64),
    tolist=lambda: x().tolist(),
    copy=lambda: torch.zeros(2, 3).copy_(x()),
    nonzero=lambda: x().nonzero(),
    mask=lambda: x()[x() > 1],
    put=lambda: x().__setitem__(x() > 3, torch.ones(2, device=DEVICE)),
    masked_select=lambda: x().masked_select(x() > 1),
    unique=lambda: x().unique(),
    bincount=lambda: x().long().flatten().bincount(),
    repeat=lambda: x().repeat_interleave(x().long()[0], dim=1),
    equal=lambda: torch.equal(x(), x()),
)
UPLOADS = dict(
    tensor=lambda: torch.tensor([1.0], device=DEVICE),
    as_tensor=lambda: torch.as_tensor([1.0], device=DEVICE),
    new_tensor=lambda: x().new_tensor(1.0),
    to=lambda: torch.ones(2).to(DEVICE),
    list=lambda: x()[:, [0, 1]],
)
NOTHING = dict(
    compute=lambda: (x() @ x().t()).relu().sum(),
    make=lambda: torch.full((2,), 3.0, device=DEVICE),
    fill=lambda: x().__setitem__(x() > 1, 0),
    index=lambda: x()[torch.arange(2, device=DEVICE)],
    background=lambda: torch.ones(2).to(DEVICE, non_blocking=True),
    move=lambda: x().to(DEVICE).double(),
    repeat=lambda: x().repeat_interleave(2, dim=0),
    host=lambda: torch.ones(3).nonzero().tolist(),
)


@pytest.mark.parametrize('name', READS)
def test_reads_are_counted(waits: Waits, name: str) -> None:
    READS[name]()
    assert [sum(waits.reads.values()), sum(waits.uploads.values())] == [1, 0]
    assert all(line.startswith('tests/device/test_pretend_device.py:') for line in waits.reads)
    waits.clear()
    assert not waits.reads


@pytest.mark.parametrize('name', UPLOADS)
def test_uploads_are_counted(waits: Waits, name: str) -> None:
    UPLOADS[name]()
    assert [sum(waits.reads.values()), sum(waits.uploads.values())] == [0, 1]


@pytest.mark.parametrize('name', NOTHING)
def test_the_rest_does_not_wait(waits: Waits, name: str) -> None:
    NOTHING[name]()
    assert [sum(waits.reads.values()), sum(waits.uploads.values())] == [0, 0]


def test_gradients_are_those_of_the_cpu(waits: Waits) -> None:
    torch.manual_seed(0)
    model, batch = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.SiLU(inplace=True)), torch.randn(2, 3, 8, 8)
    results = []
    for move in (lambda value: value, to_device):
        model.zero_grad()
        model, images = move(model), move(batch)
        with torch.autocast(images.device.type, enabled=False):
            out = model(images)
            out[:, 0] *= 2
            out[0, 0, 0] = 3
            out.square().mean().backward()
        results.append([p.grad.cpu() for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*results))


def test_inference_mode_is_no_grad(waits: Waits) -> None:
    weight = to_device(nn.Linear(3, 2))

    @torch.inference_mode()
    def run() -> Tensor:
        return weight(x())

    assert not run().requires_grad and weight(x()).requires_grad


def test_afterwards_nothing_is_pretended() -> None:
    with pretend_device():
        tensor = x()
    with pytest.raises(AssertionError, match='only used while'):
        tensor + 1
    with torch.inference_mode():
        assert (torch.ones(2) + torch.tensor([1, 2])).is_inference()
