"""Optimiser states find their parameters by name, whatever the order of the checkpoint."""

import logging
from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
from mmcv.runner import build_optimizer
from torch import nn

from knet.apis.checkpoint import read_checkpoint
from knet.apis.optimizer_state import group_settings, optimizer_names, published_state, settle_settings
from knet.apis.runner import _load_optimizer, _write
from knet.backbones import SwinTransformerDIY, swin_keys
from knet.utils.cli import UsageError

ADAM = dict(type='AdamW', lr=0.1)
GROUPS = dict(ADAM, paramwise_cfg=dict(custom_keys={'b': dict(lr_mult=0.1)}))


def net(order: str) -> nn.Module:
    """Three layers of one shape, which only their names tell apart."""
    torch.manual_seed(0)
    layers = {name: nn.Linear(3, 3) for name in 'abc'}
    model = nn.Module()
    for name in order:
        model.add_module(name, layers[name])
    return model


def train(model: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        optimizer.zero_grad()
        x = torch.full((1, 3), 1.0 + step)
        sum((i + 1) * layer(x).pow(2).sum() for i, (_, layer) in enumerate(sorted(model.named_children()))).backward()
        optimizer.step()


def saved(path: Path, order: str, cfg: Dict[str, Any], named: bool) -> Dict[str, Any]:
    """A checkpoint after two steps of a program whose modules stand in some order."""
    model = net(order)
    optimizer = build_optimizer(model, cfg)
    train(model, optimizer, range(2))
    _write(model, str(path), optimizer, dict(iter=2))
    content = read_checkpoint(path)
    assert content['optimizer_names'] == [f'{name}.{part}' for name in order for part in ('weight', 'bias')]
    if not named:
        del content['optimizer_names']
    return content


@pytest.mark.parametrize('named', [True, False])
@pytest.mark.parametrize('cfg', [ADAM, GROUPS], ids=['one group', 'paramwise'])
@pytest.mark.parametrize('order', ['abc', 'cab'])
def test_another_order_resumes_to_equal_weights(tmp_path: Path, order: str, cfg: Dict[str, Any], named: bool) -> None:
    content = saved(tmp_path / 'a.pth', order, cfg, named)
    resumed, straight = net('abc'), net('abc')
    resumed.load_state_dict(content['state_dict'])
    optimizer = build_optimizer(resumed, cfg)
    _load_optimizer(resumed, optimizer, content, 'a.pth')
    train(resumed, optimizer, range(2, 4))
    train(straight, build_optimizer(straight, cfg), range(4))
    for name, value in straight.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def refuse(model: nn.Module, cfg: Dict[str, Any], content: Dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f'cannot resume from a.pth.*{message}.*--load-from'):
        _load_optimizer(model, build_optimizer(model, cfg), content, 'a.pth')


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    content = saved(tmp_path / 'a.pth', 'abc', GROUPS, named=True)
    refuse(net('abc'), ADAM, content, 'one group.* come from 6 groups')
    refuse(net('ab'), GROUPS, content, "6 parameters, not 4; first difference: 'c.bias'")
    other = net('abc')
    other.b = nn.Linear(3, 2)
    refuse(other, GROUPS, content, r"exp_avg of 'b.weight' has shape \(3, 3\), not \(2, 3\)")
    del content['optimizer_names']
    content['state_dict'] = {key.replace('b', 'd'): value for key, value in content['state_dict'].items()}
    refuse(net('abc'), GROUPS, content, 'does not say the names')


def test_several_optimizers(tmp_path: Path) -> None:
    model = net('abc')
    parts: List[nn.Module] = [model.a, model.b]
    optimizers = {str(i): torch.optim.SGD(part.parameters(), 0.1, momentum=0.9) for i, part in enumerate(parts)}
    model.a(model.b(torch.ones(1, 3))).sum().backward()
    for optimizer in optimizers.values():
        optimizer.step()
    _write(model, str(tmp_path / 'a.pth'), optimizers, {})
    fresh = {str(i): torch.optim.SGD(part.parameters(), 0.1, momentum=0.9) for i, part in enumerate(parts)}
    _load_optimizer(model, fresh, read_checkpoint(tmp_path / 'a.pth'), 'a.pth')
    for name, optimizer in fresh.items():
        for parameter, state in optimizer.state.items():
            wanted = optimizers[name].state[parameter]['momentum_buffer']
            assert torch.equal(state['momentum_buffer'], wanted)


def test_strangers_are_refused() -> None:
    with pytest.raises(ValueError, match='not those of the model'):
        optimizer_names(net('ab'), torch.optim.SGD(net('ab').parameters(), 0.1))


@pytest.mark.parametrize('from_config', [False, True])
def test_differing_settings_are_told_and_one_side_wins(from_config: bool, caplog: pytest.LogCaptureFixture) -> None:
    saved, model = build_optimizer(net('abc'), GROUPS), net('abc')
    saved.param_groups[0]['initial_lr'] = 0.1  # as a schedule leaves it behind
    saved.param_groups[0]['lr'] = 0.001
    resumed = build_optimizer(model, dict(GROUPS, lr=0.2, weight_decay=0.3))
    settings = group_settings(resumed)
    resumed.load_state_dict(saved.state_dict())
    with caplog.at_level('WARNING'):
        settle_settings(resumed, settings, from_config, logging.getLogger('test'))
    first = resumed.param_groups[0]
    wanted = (0.2, 0.2, 0.3) if from_config else (0.1, 0.001, 0.01)
    assert (first['initial_lr'], first['lr'], first['weight_decay']) == wanted
    for text in ('lr 0.1 in the checkpoint, 0.2 in', 'lr 0.01 in the checkpoint, 0.02 in', 'weight_decay 0.01 in the'):
        assert text in caplog.text
    assert ('--resume-settings config' in caplog.text) != from_config
    assert 'betas' not in caplog.text


def test_equal_settings_are_not_told(caplog: pytest.LogCaptureFixture) -> None:
    optimizer = build_optimizer(net('abc'), GROUPS)
    settle_settings(optimizer, group_settings(optimizer), False, logging.getLogger('test'))
    assert not caplog.text


def test_another_kind_of_optimizer_is_refused() -> None:
    optimizer = torch.optim.SGD(net('abc').parameters(), 0.1)
    settings = group_settings(optimizer)
    del optimizer.param_groups[0]['momentum']
    with pytest.raises(UsageError, match="another kind of optimiser than SGD, it has no 'momentum'"):
        settle_settings(optimizer, settings, False, logging.getLogger('test'))


def swin() -> nn.Module:
    """A detector with a small Swin backbone and one more layer."""
    model = nn.Module()
    model.add_module('backbone', SwinTransformerDIY(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8]))
    model.add_module('neck', nn.Linear(2, 2))
    return model


def test_published_states_of_swin_are_converted() -> None:
    """Names, and the columns of merging layers, which the two layouts order differently."""
    model = swin()
    names = optimizer_names(model, torch.optim.AdamW(model.parameters()))
    own = {name: torch.randn_like(value) for name, value in model.state_dict().items() if name in names}
    old = swin_keys.to_original(own, 'backbone.')
    state = dict(
        state={number: dict(step=3, exp_avg=value) for number, value in enumerate(old.values())},
        param_groups=[dict(params=list(range(len(old))))],
    )
    weights = swin_keys.to_original(model.state_dict(), 'backbone.')
    converted, saved_names = published_state(model, names, state, weights)
    assert set(saved_names) == set(names) and 'backbone.layers.0.downsample.reduction.weight' in old
    for number, name in enumerate(saved_names):
        assert converted['state'][number]['step'] == 3
        assert torch.equal(converted['state'][number]['exp_avg'], own[name]), name
