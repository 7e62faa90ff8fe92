"""Hooks that update the weights: gradients are accumulated over steps; the plain hook, by its name too, is guarded."""

from pathlib import Path
from typing import Any, ClassVar, Dict, List

import pytest
import torch
from mmcv.runner import HOOKS, Hook

from knet.apis.finite import NonFiniteError

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
