"""Swin weights in either layout give the same network."""

from pathlib import Path
from typing import Dict, List

import pytest
import torch
from mmdet.models import build_backbone
from torch import Tensor

from knet.backbones import SwinTransformerDIY, swin_keys

pytestmark = pytest.mark.slow

CONFIG = dict(type='SwinTransformerDIY', embed_dims=8, depths=[2, 1, 1, 1], num_heads=[1, 2, 2, 2], window_size=3)


def backbone(seed: int = 0, **options: object) -> SwinTransformerDIY:
    torch.manual_seed(seed)
    module = build_backbone(dict(CONFIG, **options)).eval()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return module


def features(module: torch.nn.Module) -> List[Tensor]:
    torch.manual_seed(1)
    with torch.no_grad():
        return list(module(torch.randn(1, 3, 50, 70)))


def assert_same(first: torch.nn.Module, second: torch.nn.Module) -> None:
    for one, two in zip(features(first), features(second)):
        torch.testing.assert_close(one, two)


def classifier(module: torch.nn.Module) -> Dict[str, Tensor]:
    """Return weights as the Swin authors publish them: no norms of intermediate outputs, but head and masks."""
    weights = {k: v for k, v in swin_keys.to_original(module.state_dict()).items() if not k.startswith('norm')}
    return {
        **weights,
        'norm.weight': torch.ones(64),
        'norm.bias': torch.zeros(64),
        'head.weight': torch.ones(10, 64),
        'head.bias': torch.ones(10),
        'layers.0.blocks.1.attn_mask': torch.zeros(4, 9, 9),
    }


def test_both_layouts_load_and_the_hook_leaves_the_given_dict_alone() -> None:
    module = backbone()
    original = swin_keys.to_original(module.state_dict())
    keys = list(original)
    assert not [key for key in keys if key.startswith('stages') or 'w_msa' in key or 'ffn' in key]
    for weights in (original, module.state_dict()):
        other = backbone(seed=5)
        other.load_state_dict(weights, strict=True)
        assert_same(module, other)
    assert list(original) == keys


def test_conversion_is_undone_by_its_inverse() -> None:
    weights = backbone().state_dict()
    again = swin_keys.to_mmdet(swin_keys.to_original(weights))
    assert list(again) == list(weights)
    for key, value in weights.items():
        torch.testing.assert_close(again[key], value, rtol=0, atol=0)


def test_patch_merging_reads_quadrants_column_by_column() -> None:
    """The original concatenates pixels (row, column) = (0,0), (1,0), (0,1), (1,1); unfolding is row by row."""
    original = {'layers.0.downsample.reduction.weight': torch.tensor([[10.0, 11, 20, 21, 30, 31, 40, 41]])}
    merged = swin_keys.to_mmdet(original)['stages.0.downsample.reduction.weight']
    assert merged.tolist() == [[10, 30, 20, 40, 11, 31, 21, 41]]


def test_other_keys_of_a_detector_stay() -> None:
    weights = {
        key: torch.ones(1)
        for key in (
            'backbone.layers.0.blocks.0.mlp.fc1.weight',
            'neck.encoder.layers.0.ffns.0.weight',
            'layers.0.attn.qkv',
        )
    }
    assert list(swin_keys.to_mmdet(weights, 'backbone.')) == [
        'backbone.stages.0.blocks.0.ffn.layers.0.0.weight',
        'neck.encoder.layers.0.ffns.0.weight',
        'layers.0.attn.qkv',
    ]


def test_bias_tables_of_another_window_are_resized() -> None:
    module, other = backbone(), backbone(seed=5, window_size=5)
    key = 'stages.0.blocks.0.attn.w_msa.relative_position_bias_table'
    index = other.state_dict()[key.replace('bias_table', 'index')].clone()
    constant = {**module.state_dict(), key: torch.full_like(module.state_dict()[key], 0.7)}
    other.load_state_dict(constant, strict=True)
    loaded = other.state_dict()
    assert loaded[key].shape == (81, 1) and torch.allclose(loaded[key], torch.tensor(0.7))
    assert torch.equal(loaded[key.replace('bias_table', 'index')], index)


@pytest.mark.parametrize('wrap', ['model', 'state_dict', 'module', 'flat', 'detector'])
def test_pretrained_weights(wrap: str, tmp_path: Path) -> None:
    module = backbone()
    for i in range(4):  # published classifiers have no such norms; ours start at identity
        norm = getattr(module, f'norm{i}')
        norm.weight.data.fill_(1)
        norm.bias.data.fill_(0)
    weights = classifier(module)
    content = dict(
        model=dict(model=weights),
        state_dict=dict(state_dict=weights),
        flat=weights,
        module=dict(model={f'module.{k}': v for k, v in weights.items()}),
        detector=dict(state_dict={f'backbone.{k}': v for k, v in module.state_dict().items()}),
    )[wrap]
    torch.save(content, str(tmp_path / 'swin.pth'))
    torch.manual_seed(3)
    other = build_backbone(dict(CONFIG, init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'swin.pth'))))
    other.init_weights()
    assert_same(module, other.eval())


def test_foreign_pretrained_weights_are_refused(tmp_path: Path) -> None:
    torch.save(dict(state_dict={'conv1.weight': torch.ones(1)}), str(tmp_path / 'resnet.pth'))
    module = build_backbone(dict(CONFIG, init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'resnet.pth'))))
    with pytest.raises(ValueError, match='resnet.pth does not fit SwinTransformerDIY'):
        module.init_weights()
