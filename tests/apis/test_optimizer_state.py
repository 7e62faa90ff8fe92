"""The state of an optimiser is matched by parameter names, whatever order a checkpoint has."""

from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
import torch
from mmcv.runner import build_optimizer
from torch import nn

from knet.apis.optimizer_state import load_optimizer_state, parameter_names
from knet.utils.cli import UsageError
from tests.models import build_toy_model


def trained(model: nn.Module, **settings: Any) -> torch.optim.Optimizer:
    """An AdamW that has made two steps with random gradients."""
    optimizer = build_optimizer(model, dict(type='AdamW', lr=0.1, weight_decay=0.05, **settings))
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
    return optimizer


def renumbered(
    state: Dict[str, Any], names: List[str], order: List[str]
) -> Tuple[Dict[str, Any], 'OrderedDict[str, int]']:
    """The same state as a model writes it that declares its parameters in another order."""
    old = {name: number for number, name in enumerate(names)}
    entries = {i: state['state'][old[name]] for i, name in enumerate(order) if old[name] in state['state']}
    groups = [dict(group, params=list(range(len(order)))) for group in state['param_groups']]
    return dict(state, state=entries, param_groups=groups), OrderedDict((name, i) for i, name in enumerate(order))


def moments(optimizer: torch.optim.Optimizer, names: List[str]) -> Dict[str, torch.Tensor]:
    """First moment by parameter name."""
    return {names[number]: entry['exp_avg'] for number, entry in optimizer.state_dict()['state'].items()}


@pytest.mark.parametrize('with_names', [True, False])
def test_another_order_is_matched_by_name(with_names: bool) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2))
    optimizer = trained(model)
    names = parameter_names(model, optimizer)
    assert names == [name for name, _ in model.named_parameters()]
    state, order = renumbered(optimizer.state_dict(), names, names[::-1])
    other = build_optimizer(model, dict(type='AdamW', lr=0.5))
    load_optimizer_state(other, model, state, list(order) if with_names else None, order.keys(), 'x.pth')
    before, after = moments(optimizer, names), moments(other, names)
    assert set(before) == set(after) == set(names)
    assert all(torch.equal(before[name], after[name]) for name in names)
    assert other.param_groups[0]['lr'] == 0.1


def test_groups_per_parameter_are_matched() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3))
    settings = dict(paramwise_cfg=dict(norm_decay_mult=0.0))
    optimizer = trained(model, **settings)
    names = parameter_names(model, optimizer)
    state = optimizer.state_dict()
    state['param_groups'] = state['param_groups'][::-1]
    other = build_optimizer(model, dict(type='AdamW', lr=0.5, weight_decay=0.05, **settings))
    load_optimizer_state(other, model, state, names[::-1], [], 'x.pth')
    assert [group['weight_decay'] for group in other.param_groups] == [
        group['weight_decay'] for group in optimizer.param_groups
    ]
    assert all(torch.equal(value, moments(other, names)[name]) for name, value in moments(optimizer, names).items())


def test_what_does_not_fit_is_one_clear_error() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    optimizer = trained(model)
    state, names = optimizer.state_dict(), parameter_names(model, optimizer)
    for wrong, detail in (
        ([names[2], names[1], names[0], names[3]], r'0\.weight is \(2, 3\) there and \(3, 3\) here'),
        (names[:3], '4 parameters'),
        ([*names[:3], 'other'], '4 parameters'),
    ):
        with pytest.raises(UsageError, match=f'cannot resume from x.pth.*{detail}'):
            load_optimizer_state(optimizer, model, state, wrong, [], 'x.pth')


def test_the_kernels_are_those_of_this_machine() -> None:
    for saved, here in ((True, False), (False, True)):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
        state = optimizer.state_dict()
        for group in state['param_groups']:
            group['fused'] = saved
        optimizer.defaults['fused'] = here
        load_optimizer_state(optimizer, model, state, ['weight', 'bias'], [], Path('x.pth'))
        assert [group['fused'] for group in optimizer.param_groups] == [here]


def test_every_parameter_of_a_whole_network_has_a_name() -> None:
    model = build_toy_model()
    optimizer = trained(model)
    names = parameter_names(model, optimizer)
    assert len(names) == len(set(names)) == len(list(model.parameters()))
    assert set(names) <= set(model.state_dict())
