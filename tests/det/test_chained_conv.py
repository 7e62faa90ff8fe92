"""The merged finest level gives what the single steps give, and so do its gradients."""

from typing import Optional

import pytest
import torch
from torch import nn

from knet.det.chained_conv import ChainedConv2d, ChainedFPN, PendingConv, chain
from tests.models import build_toy_model

R50 = 'configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py'


def pending(size: tuple, first_bias: bool = True, channels: int = 3, coarser: Optional[tuple] = None) -> PendingConv:
    torch.manual_seed(0)
    coarser = coarser or ((size[0] + 1) // 2, (size[1] + 1) // 2)
    return PendingConv(
        torch.randn(2, channels, *size, dtype=torch.double),
        nn.Conv2d(channels, 6, 1).double(),
        torch.randn(2, 6, *coarser, dtype=torch.double),
        nn.Conv2d(6, 5, 3, padding=1, bias=first_bias).double(),
    )


@pytest.mark.parametrize('size', [(2, 2), (4, 6), (8, 2), (10, 14)])
@pytest.mark.parametrize('biases', [(True, False), (True, True), (False, True), (False, False)])
def test_equals_the_single_steps(size: tuple, biases: tuple) -> None:
    level = pending(size, biases[0])
    second = ChainedConv2d(5, 4, 3, stride=2, padding=1, bias=biases[1]).double()
    leaves = [
        level.x.requires_grad_(),
        level.coarser.requires_grad_(),
        *level.lateral.parameters(),
        *level.conv.parameters(),
        *second.parameters(),
    ]
    probe = torch.randn(2, 4, size[0] // 2, size[1] // 2, dtype=torch.double)
    wanted, got = second(level()), chain(level, second)
    torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)
    for a, b in zip(
        torch.autograd.grad((got * probe).sum(), leaves), torch.autograd.grad((wanted * probe).sum(), leaves)
    ):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    'size, stride, trained, merged',
    [
        ((8, 8), 2, False, True),
        ((8, 7), 2, False, False),
        ((7, 8), 2, False, False),
        ((4, 4), 2, False, False),
        ((8, 8), 1, False, False),
        ((8, 8), 2, True, False),
    ],
)
def test_merges_where_it_is_less_work_and_exact(size: tuple, stride: int, trained: bool, merged: bool) -> None:
    """A small map isn't worth composing kernels; an odd one meets padding at all borders."""
    calls = []
    level = pending(size)
    level.x.requires_grad_(trained)
    level.conv.register_forward_hook(lambda module, args, out: calls.append(args[0].shape[-2:]))
    second = ChainedConv2d(5, 3, 3, stride=stride, padding=1).double()
    got = second(level)
    assert (torch.Size(size) not in calls) is merged
    torch.testing.assert_close(got, second(level()))


@torch.no_grad()
def test_kept_kernels_follow_the_weights() -> None:
    level = pending((8, 8))
    second = ChainedConv2d(5, 3, 3, stride=2, padding=1).double()
    for conv in (second, level.conv, level.lateral):
        before = second(level)
        torch.testing.assert_close(second(level), before, rtol=0, atol=0)
        conv.weight.mul_(2)
        torch.testing.assert_close(second(level), second(level()))
        assert not torch.equal(second(level), before)


def test_neck_and_semantic_fpn_meet() -> None:
    """In the published model the finest FPN map is never made, and the features are those of mmdet's FPN."""
    model = build_toy_model(R50, backbone__init_cfg=None).eval()
    plain = build_toy_model(R50, backbone__init_cfg=None, neck__type='FPN').eval()
    plain.load_state_dict(model.state_dict())
    image = torch.randn(1, 3, 288, 256)
    with torch.no_grad():
        assert isinstance(model.neck, ChainedFPN)
        levels = zip(model.pyramid(image), plain.pyramid(image))
        finest, wanted = next(levels)
        torch.testing.assert_close(finest(), wanted, rtol=1e-3, atol=1e-4)
        for got, wanted in levels:
            torch.testing.assert_close(got, wanted)
        for got, wanted in zip(model.extract_feat(image), plain.extract_feat(image)):
            torch.testing.assert_close(got, wanted)
        for got, wanted in zip(
            model.rpn_head.localization_fpn(model.pyramid(image)),
            plain.rpn_head.localization_fpn(plain.extract_feat(image)),
        ):
            torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('wrong', [dict(num_outs=5), dict(start_level=1, num_outs=3)])
def test_other_pyramids_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match='one output per input'):
        ChainedFPN(**{**dict(in_channels=[8, 8, 8, 8], out_channels=8, num_outs=4), **wrong})
