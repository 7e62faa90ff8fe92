"""The config of docs/backbones.md: a detector on a backbone of timm."""

from typing import Any

import pytest
import torch

from tests.models import build_toy_model, image_batch, meta, total

pytest.importorskip('timm')


@pytest.mark.parametrize(
    'name, options, channels',
    [
        ('resnet10t', dict(out_indices=(1, 2, 3, 4)), [64, 128, 256, 512]),
        ('test_convnext', dict(out_indices=(0, 1, 2, 3)), [24, 32, 48, 64]),
    ],
)
def test_timm_backbone_trains_and_predicts(name: str, options: Any, channels: list) -> None:
    model = build_toy_model(
        'configs/toy/knet_toy_cityscapes_step.py',
        neck__in_channels=channels,
        backbone=dict(
            _delete_=True, type='mmseg.TIMMBackbone', model_name=name, features_only=True, pretrained=False, **options
        ),
    ).train()
    losses = model.forward_train(**image_batch([2]))
    total(losses).backward()
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    prediction = model.eval().simple_test(torch.randn(1, 3, 64, 96), [meta()])[0]
    assert prediction.semantic.shape == (64, 96)
