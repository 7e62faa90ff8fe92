"""The optimiser of a config, and the hooks that update the weights."""

from pathlib import Path
from typing import Any, ClassVar, Dict, List

import pytest
import torch
from mmcv.runner import HOOKS, Hook

from knet.apis.finite import NonFiniteError
from knet.apis.optimizer_state import unmatched_keys
from knet.apis.train import build_fused_optimizer
from knet.det.published_names import publish

from .test_finite import settings
from .test_train import run

pytestmark = pytest.mark.slow

#: One epoch of seven steps.
SGD: Dict[str, Any] = {'optimizer.type': 'SGD', 'optimizer_config.grad_clip': None, 'runner.max_epochs': 1}


@HOOKS.register_module()
class NoteGradients(Hook):
    """Notes the gradients of every step, by the names of their parameters."""

    seen: ClassVar[List[Dict[str, torch.Tensor]]] = []

    def after_train_iter(self, runner: Any) -> None:
        parameters = runner.model.module.named_parameters()
        self.seen.append({name: parameter.grad.clone() for name, parameter in parameters})


def test_an_update_takes_the_mean_gradient_of_the_steps_before(config: Path, tmp_path: Path) -> None:
    """Seven steps at rate 0 tell the gradients; an accumulated update moves the weights by their mean."""
    NoteGradients.seen.clear()
    # After the update, before the gradients are freed.
    hooks = [dict(type='NoteGradients', priority='ABOVE_NORMAL')]
    start = run(config, tmp_path / 'a', custom_hooks=hooks, **{**SGD, 'optimizer.lr': 0.0})['state_dict']
    accumulated = {'optimizer_config.type': 'GradientCumulativeOptimizerHook', 'optimizer_config.cumulative_iters': 7}
    end = run(config, tmp_path / 'b', **SGD, **accumulated)['state_dict']
    assert len(NoteGradients.seen) == 7
    for name in NoteGradients.seen[0]:
        mean = torch.stack([gradients[name] for gradients in NoteGradients.seen]).mean(0)
        assert mean.abs().max() > 1e-3 or name == 'backbone.0.bias'
        assert torch.allclose(end[name], start[name] - 0.01 * mean, atol=1e-6), name


def test_the_plain_hook_by_its_name_is_guarded(config: Path, tmp_path: Path) -> None:
    with pytest.raises(NonFiniteError, match='iteration 9: not finite: loss_fake = nan'):
        run(config, tmp_path / 'w', **settings([9], 'input', **{'optimizer_config.type': 'OptimizerHook'}))


class ConvNeXt(torch.nn.Module):
    """Has the class name and a parameter name that mmdet's constructor looks for."""

    def __init__(self) -> None:
        super().__init__()
        self.downsample_layers = torch.nn.ModuleList([torch.nn.Linear(2, 2)])


def test_constructors_of_mmdet_build_optimisers() -> None:
    model = torch.nn.ModuleDict(dict(backbone=ConvNeXt(), neck=torch.nn.Linear(2, 2)))
    model.backbone = model['backbone']
    decay = dict(decay_rate=0.5, decay_type='layer_wise', num_layers=6)
    settings = dict(
        type='AdamW', lr=1.0, constructor='LearningRateDecayOptimizerConstructor', paramwise_cfg=decay, weight_decay=0.1
    )
    optimizer = build_fused_optimizer(model, settings)
    assert {group['lr'] for group in optimizer.param_groups} == {1.0, 0.5**7}


def test_keys_that_match_no_parameter_are_noted() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(1, 1))
    publish(model, {'0': 'fc_embed'})
    keys = {'0.weight': dict(lr_mult=0.1), 'fc_embed': dict(lr_mult=0.1), 'fc_emebd': dict(lr_mult=0.1)}
    published, unknown = unmatched_keys(model, dict(type='SGD', lr=0.1, paramwise_cfg=dict(custom_keys=keys)))
    assert "'fc_embed' is in the name of no parameter; what checkpoints call fc_embed.weight is 0.weight" in published
    assert "'fc_emebd' is in the name of no parameter" in unknown
    assert unmatched_keys(model, dict(type='SGD', lr=0.1)) == []


def test_a_training_notes_keys_that_match_no_parameter(
    config: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = {'neck': dict(lr_mult=0.1), 'backbone': dict(lr_mult=0.1)}
    run(config, tmp_path / 'w', **{'runner.max_epochs': 1, 'optimizer.paramwise_cfg': dict(custom_keys=keys)})
    assert "custom_keys: 'neck' is in the name of no parameter" in caplog.text and "'backbone' is" not in caplog.text
