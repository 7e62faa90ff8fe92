"""Two convolutions computed as one give what the pair gives, and so do their gradients."""
import pytest
import torch
from torch import nn

from knet.det.chained_conv import ChainedConv2d, ChainedFPN, PendingConv, chain
from tests.models import build_toy_model

R50 = 'configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py'


def pair(first_bias: bool, second_bias: bool) -> tuple:
    torch.manual_seed(0)
    first = nn.Conv2d(3, 5, 3, padding=1, bias=first_bias).double()
    return first, ChainedConv2d(5, 4, 3, stride=2, padding=1, bias=second_bias).double()


@pytest.mark.parametrize('size', [(2, 2), (4, 6), (8, 2), (10, 14)])
@pytest.mark.parametrize('biases', [(True, False), (True, True), (False, True), (False, False)])
def test_equals_the_pair(size: tuple, biases: tuple) -> None:
    first, second = pair(*biases)
    x = torch.randn(2, 3, *size, dtype=torch.double, requires_grad=True)
    leaves = [x, *first.parameters(), *second.parameters()]
    probe = torch.randn(2, 4, size[0] // 2, size[1] // 2, dtype=torch.double)
    wanted, got = second(first(x)), chain(x, first, second)
    torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)
    for a, b in zip(torch.autograd.grad((got * probe).sum(), leaves),
                    torch.autograd.grad((wanted * probe).sum(), leaves)):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize('size, stride, merged', [
    ((8, 8), 2, True), ((8, 7), 2, False), ((7, 8), 2, False), ((4, 6), 2, False), ((8, 8), 1, False)])
def test_merges_where_it_is_less_work_and_exact(size: tuple, stride: int, merged: bool) -> None:
    """A small map isn't worth composing kernels; an odd one meets padding at all borders."""
    calls = []
    first = nn.Conv2d(3, 3, 3, padding=1)
    first.register_forward_hook(lambda module, args, out: calls.append(args[0].shape[-2:]))
    second = ChainedConv2d(3, 3, 3, stride=stride, padding=1)
    x = torch.randn(1, 3, *size)
    got = second(PendingConv(x, first))
    assert (torch.Size(size) not in calls) is merged
    torch.testing.assert_close(got, second(first(x)))


def test_neck_and_semantic_fpn_meet() -> None:
    """In the published model the finest FPN map is never made, and the features are those of mmdet's FPN."""
    model = build_toy_model(R50, backbone__init_cfg=None).eval()
    plain = build_toy_model(R50, backbone__init_cfg=None, neck__type='FPN').eval()
    plain.load_state_dict(model.state_dict())
    image = torch.randn(1, 3, 288, 256)
    with torch.no_grad():
        assert isinstance(model.neck, ChainedFPN) and isinstance(model.extract_feat(image)[0], PendingConv)
        for got, wanted in zip(model.rpn_head.localization_fpn(model.extract_feat(image)),
                               plain.rpn_head.localization_fpn(plain.extract_feat(image))):
            torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)
