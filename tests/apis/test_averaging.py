"""Trainings that keep an average of the weights reach the same weights and averages when they are resumed."""

import os
import signal
from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch

from knet.apis import eval_hook, read_checkpoint
from knet.utils.stopping import Stopped

from .test_train import Interrupted, run

pytestmark = pytest.mark.slow


def with_average(stop: int = 0, **average: Any) -> Dict[str, Any]:
    """Return the setting of hooks that average, and interrupt after a number of steps."""
    stops = [dict(type='StopAt', step=stop, priority='VERY_LOW')] if stop else []
    return dict(custom_hooks=[{'type': 'EMAHook', 'momentum': 0.2, **average}, *stops])


@pytest.mark.parametrize(
    'stop, average, settings',
    [
        (16, {}, {}),  # in epoch 3 of 7 steps each: continues from epoch 2, of which the weights are averages
        (16, dict(type='ExpMomentumEMAHook', priority=49), {}),
        (12, {}, {'checkpoint_config.by_epoch': False, 'checkpoint_config.interval': 5}),  # from step 10, in epoch 2
    ],
)
def test_a_resumed_average_is_that_of_an_uninterrupted_training(
    config: Path, tmp_path: Path, stop: int, average: Dict[str, Any], settings: Dict[str, Any]
) -> None:
    whole = run(config, tmp_path / 'whole', **with_average(**average), **settings)['state_dict']
    with pytest.raises(Interrupted):
        run(config, tmp_path / 'parts', **with_average(stop, **average), **settings)
    resumed = run(config, tmp_path / 'parts', auto_resume=True, **with_average(**average), **settings)['state_dict']
    assert any(key.startswith('ema_') for key in whole) and set(whole) == set(resumed)
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())


def by_iterations(config: Path) -> Path:
    """Return the config with as many iterations as its epochs have."""
    text = config.read_text().replace("'EpochBasedRunner', max_epochs=3", "'IterBasedRunner', max_iters=21")
    path = config.with_name('iterations.py')
    path.write_text(text)
    return path


@pytest.mark.parametrize('kind', ['EMAHook', 'ExpMomentumEMAHook'])
def test_iterations_are_saved_and_scored_as_epochs_are(config: Path, tmp_path: Path, kind: str) -> None:
    """Weights and averages in all checkpoints, and the weights that are scored, do not depend on the runner."""
    stream = eval_hook.stream_videos
    seen: List[torch.Tensor] = []

    def look(model: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(torch.cat([weight.detach().flatten() for weight in model.parameters()]))
        return stream(model, *args, **kwargs)

    steady = {'lr_config.step': [100], **with_average(type=kind)}
    by_step = {f'{section}.interval': 7 for section in ('checkpoint_config', 'evaluation')}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval_hook, 'stream_videos', look)
        run(config, tmp_path / 'a', validate=True, **steady)
        run(by_iterations(config), tmp_path / 'b', validate=True, **steady, **by_step)
    assert len(seen) == 6 and all(torch.equal(a, b) for a, b in zip(seen[:3], seen[3:]))
    for epoch, name in ((1, ''), (2, ''), (3, ''), (1, 'best_STQ_')):
        by_epoch = read_checkpoint(tmp_path / f'a/{name}epoch_{epoch}.pth')['state_dict']
        by_step_done = read_checkpoint(tmp_path / f'b/{name}iter_{7 * epoch}.pth')['state_dict']
        assert all(torch.equal(value, by_step_done[key]) for key, value in by_epoch.items())
        assert not torch.equal(by_epoch['backbone.0.weight'], by_epoch['ema_backbone_0_weight'])


@pytest.mark.parametrize('stop', [10, 16])
def test_a_resumed_average_of_iterations_is_that_of_an_uninterrupted_training(
    config: Path, tmp_path: Path, stop: int
) -> None:
    path, settings = by_iterations(config), {'checkpoint_config.interval': 4}
    whole = run(path, tmp_path / 'whole', **with_average(), **settings)['state_dict']
    with pytest.raises(Interrupted):
        run(path, tmp_path / 'parts', **with_average(stop), **settings)
    resumed = run(path, tmp_path / 'parts', auto_resume=True, **with_average(), **settings)['state_dict']
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())


@pytest.mark.parametrize('kind', ['EMAHook', 'ExpMomentumEMAHook'])
@pytest.mark.parametrize('settings', [{}, {'checkpoint_config.interval': 5, 'evaluation.interval': 7}])
def test_an_evaluation_that_is_made_up_scores_the_averages(
    config: Path, tmp_path: Path, kind: str, settings: Dict[str, Any]
) -> None:
    config = by_iterations(config) if settings else config
    stream = eval_hook.stream_videos
    seen: List[torch.Tensor] = []

    def look(model: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(torch.cat([weight.detach().flatten() for weight in model.parameters()]))
        if len(seen) == 4:  # the first of the second run
            os.kill(os.getpid(), signal.SIGTERM)
        return stream(model, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval_hook, 'stream_videos', look)
        run(config, tmp_path / 'whole', validate=True, **with_average(type=kind), **settings)
        with pytest.raises(Stopped, match='after iteration 7'):
            run(config, tmp_path / 'parts', validate=True, **with_average(type=kind), **settings)
        run(config, tmp_path / 'parts', validate=True, auto_resume=True, **with_average(type=kind), **settings)
    whole, made_up = seen[:3], seen[4:]
    assert len(made_up) == 3 and all(torch.equal(a, b) for a, b in zip(whole, made_up))
