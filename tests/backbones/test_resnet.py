"""Folded norms change how the backbone computes, not what."""

from typing import Any, Tuple

import pytest
import torch
import torch.nn.functional as F
from mmdet.models import build_backbone
from torch import nn

from knet.backbones.resnet import StemPool

CONFIG = dict(
    depth=50,
    base_channels=8,
    stem_channels=8,
    num_stages=4,
    frozen_stages=1,
    norm_eval=True,
    norm_cfg=dict(type='BN', requires_grad=True),
)


def pair(**options: Any) -> tuple:
    """Mmdet's ResNet and ours, with ``options``, with equal weights and lively statistics."""
    torch.manual_seed(0)
    plain = build_backbone(dict(CONFIG, type='ResNet'))
    folded = build_backbone(dict(CONFIG, type='knet.ResNet', **options))
    for module in plain.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    folded.load_state_dict(plain.state_dict(), strict=True)
    return plain, folded


@pytest.mark.parametrize('recomputed', [(), (2, 3), (1, 4)])
@pytest.mark.parametrize('training', [True, False])
def test_outputs_and_gradients_equal_those_of_mmdet(training: bool, recomputed: tuple) -> None:
    plain, folded = (model.double() for model in pair(recomputed_stages=recomputed))
    for model in (plain, folded):
        model.train(training)  # returns nothing in mmdet
    image = torch.randn(2, 3, 64, 96, dtype=torch.double)
    for want, mine in zip(plain(image), folded(image)):
        torch.testing.assert_close(mine, want)
    for model in (plain, folded):
        sum(out.square().mean() for out in model(image)).backward()
    parameters = dict(folded.named_parameters())
    for name, parameter in plain.named_parameters():
        assert (parameter.grad is None) == (parameters[name].grad is None), name
        if parameter.grad is not None:
            torch.testing.assert_close(parameters[name].grad, parameter.grad, msg=name)


def test_norms_that_train_are_not_folded() -> None:
    """With ``norm_eval=False`` the statistics move as they do in mmdet."""
    plain, folded = pair()
    image = torch.randn(2, 3, 64, 64)
    for model in (plain, folded):
        model.norm_eval = False
        model.train()
        model(image)
    for (name, want), mine in zip(plain.named_buffers(), folded.buffers()):
        torch.testing.assert_close(mine, want, msg=name)


def test_less_is_kept_for_the_backward_pass() -> None:
    def kept(model: nn.Module) -> int:
        model.train()
        storages = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t: storages.setdefault(t.untyped_storage().data_ptr(), t), lambda t: t
        ):
            sum(out.sum() for out in model(torch.randn(1, 3, 256, 256)))
        return sum(t.untyped_storage().nbytes() for t in storages.values())

    plain, folded = (kept(model) for model in pair())
    assert folded < 0.75 * plain


def test_recomputed_stages_keep_their_input_only() -> None:
    def kept(**options: Any) -> int:
        backbone = pair(**options)[1]
        backbone.train()
        storages = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t: storages.setdefault(t.untyped_storage().data_ptr(), t), lambda t: t
        ):
            backbone.layer3(torch.randn(1, 64, 32, 32))
        return sum(tensor.numel() for tensor in storages.values())

    assert 3 * kept(recomputed_stages=(3,)) < kept()


def test_recomputing_norms_that_train_is_refused() -> None:
    with pytest.raises(ValueError, match='norm_eval=True'):
        build_backbone(dict(CONFIG, type='knet.ResNet', norm_eval=False, recomputed_stages=(2,)))


@pytest.mark.parametrize('size', [(7, 5), (8, 6), (1, 1), (2, 3)])
def test_the_pooling_of_the_stem_equals_that_of_torch(size: Tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    want = F.max_pool2d(x, 3, 2, 1)
    assert torch.equal(StemPool()(x), want)
    assert torch.equal(StemPool()(x.clone().requires_grad_()), want)
