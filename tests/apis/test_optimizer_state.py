"""Optimiser states find their parameters by name, whatever the order of the checkpoint."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
from mmcv.runner import build_optimizer
from torch import nn

from knet.apis.checkpoint import read_checkpoint
from knet.apis.optimizer_state import optimizer_names
from knet.apis.runner import _load_optimizer, _write
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
