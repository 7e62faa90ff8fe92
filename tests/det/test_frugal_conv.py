"""Redoing a block in the backward pass changes what is kept, not what is computed."""

import pytest
import torch
from mmcv.cnn import ConvModule

from knet.det import frugal_conv
from knet.det.frugal_conv import FrugalConvModule


def kept(module: ConvModule, x: torch.Tensor) -> int:
    storages = {}
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: storages.setdefault(t.untyped_storage().data_ptr(), t), lambda t: t
    ):
        module(x)
    return sum(tensor.numel() for tensor in storages.values())


@pytest.mark.parametrize('kernel', [1, 3])
def test_equals_a_plain_block_and_keeps_less(kernel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    settings = dict(
        in_channels=8, out_channels=8, kernel_size=kernel, padding=kernel // 2, norm_cfg=dict(type='GN', num_groups=2)
    )
    plain, frugal = ConvModule(**settings).double(), FrugalConvModule(**settings).double()
    frugal.load_state_dict(plain.state_dict())
    x = torch.randn(2, 8, 16, 16, dtype=torch.double, requires_grad=True)
    as_small = kept(frugal, x)
    monkeypatch.setattr(frugal_conv, 'LARGE', 1000)
    assert kept(frugal, x) < as_small <= kept(plain, x)
    gradients = []
    for module in (plain, frugal):
        out = module(x)
        gradients.append([out, *torch.autograd.grad(out.square().sum(), [x, *module.parameters()])])
    for want, mine in zip(*gradients):
        torch.testing.assert_close(mine, want)
