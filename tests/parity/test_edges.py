"""The comparison of :mod:`.edges`: a turned pixel on the edge passes, anything else fails."""

from typing import Dict

import numpy as np
import pytest
import torch

from knet.det.kernel_update_head import StageOutput
from tests.models import build_toy_model

from .edges import Logit, closest_run, out_of_tolerance, turned

LIMITS = dict(rtol=1e-4, atol=1e-3)


@pytest.fixture(scope='module')
def model() -> torch.nn.Module:
    return build_toy_model('configs/toy/knet_toy_cityscapes_step.py').double().eval()


@pytest.fixture(scope='module')
def image() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(1, 3, 64, 96, dtype=torch.float64)


@torch.no_grad()
def run(model: torch.nn.Module, image: torch.Tensor) -> StageOutput:
    return model.roi_head(model.rpn_head(model.pyramid(image)))


def arrays(out: StageOutput) -> Dict[str, np.ndarray]:
    return dict(scores=out.cls_logits.numpy(), masks=out.masks.numpy(), kernels=out.kernels.numpy())


def mismatch(out: StageOutput, record: Dict[str, np.ndarray]) -> int:
    return sum(out_of_tolerance(value, record[name], **LIMITS) for name, value in arrays(out).items())


def edge_of(model: torch.nn.Module, image: torch.Tensor) -> list:
    with turned(set()) as cuts:
        run(model, image)
    return cuts.edge()


@pytest.fixture
def near(model: torch.nn.Module, image: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> Logit:
    """A logit on the edge whose pixel matters; the edge is wide enough for the small model to have some."""
    monkeypatch.setattr('tests.parity.edges.EDGE', 3e-3)
    plain = arrays(run(model, image))
    for logit in edge_of(model, image):
        with turned({logit}):
            if mismatch(run(model, image), plain):
                return logit
    raise AssertionError('no pixel on the edge moves anything; take another seed')


def test_a_turned_pixel_on_the_edge_passes(model: torch.nn.Module, image: torch.Tensor, near: Logit) -> None:
    with turned({near}):
        record = arrays(run(model, image))
    assert mismatch(run(model, image), record) > 0, 'a turned pixel moves all queries'
    found = closest_run(lambda: run(model, image), lambda out: mismatch(out, record))
    assert mismatch(found, record) == 0


def test_a_run_without_difference_stays_as_it_is(model: torch.nn.Module, image: torch.Tensor, near: Logit) -> None:
    calls = []
    record = arrays(run(model, image))
    found = closest_run(lambda: calls.append(1) or run(model, image), lambda out: mismatch(out, record))
    assert mismatch(found, record) == 0 and len(calls) == 1


@pytest.mark.parametrize(
    'name, change',
    [
        ('roi_head.mask_head.2.fc_cls.weight', 1.01),
        ('roi_head.mask_head.1.ffn.layers.1.weight', 1.01),
        ('rpn_head.init_kernels.weight', 1.001),
    ],
)
def test_a_changed_weight_fails(
    model: torch.nn.Module, image: torch.Tensor, near: Logit, name: str, change: float
) -> None:
    with turned({near}):
        record = arrays(run(model, image))
    weight = model.state_dict()[name]
    before = weight.clone()
    weight *= change
    try:
        found = closest_run(lambda: run(model, image), lambda out: mismatch(out, record))
        assert mismatch(found, record) > 0
    finally:
        weight.copy_(before)


def test_a_turned_pixel_away_from_the_edge_fails(model: torch.nn.Module, image: torch.Tensor) -> None:
    """Outside of the real edge, a mask pixel is not rounding but another result."""
    far = Logit(1.0, frozenset({(1, 17)}))
    with turned({far}):
        record = arrays(run(model, image))
    assert mismatch(run(model, image), record) > 0
    found = closest_run(lambda: run(model, image), lambda out: mismatch(out, record))
    assert mismatch(found, record) > 0


def test_logits_on_the_edge_know_all_their_places(
    model: torch.nn.Module, image: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('tests.parity.edges.EDGE', 0.1)
    edge = edge_of(model, image)
    assert edge == sorted(edge)
    # The first stage cuts the masks that the kernel head has cut.
    assert any(len({cut for cut, _ in logit.places}) > 1 for logit in edge)
