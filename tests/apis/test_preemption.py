"""Trainings and tests that are asked to stop: nothing is lost, and they go on to the same result."""

import os
import signal
from pathlib import Path
from typing import Any, Dict

import pytest
from mmcv.runner import HOOKS, Hook

from knet.apis import eval_hook
from knet.apis.resuming import STOPPED
from knet.utils.stopping import Stopped

from .test_resuming import evaluations, names
from .test_train import run, same

pytestmark = pytest.mark.slow


@HOOKS.register_module()
class SignalAt(Hook):
    """Sends this process a signal while a step is computed."""

    def __init__(self, step: int, name: str = 'SIGUSR1') -> None:
        self.step, self.name = step, name

    def before_train_iter(self, runner: Any) -> None:
        if runner.iter + 1 == self.step:
            os.kill(os.getpid(), getattr(signal, self.name))


def signalled(step: int, name: str = 'SIGUSR1') -> Dict[str, Any]:
    return dict(custom_hooks=[dict(type='SignalAt', step=step, name=name)])


@pytest.mark.parametrize('by_epoch', [True, False])
@pytest.mark.parametrize('step, name', [(9, 'SIGUSR1'), (14, 'SIGTERM'), (21, 'SIGINT')])
def test_a_stopped_training_reaches_the_same_weights(
    config: Path, tmp_path: Path, step: int, name: str, by_epoch: bool
) -> None:
    options: Dict[str, Any] = {'runner.max_epochs': 4, 'data.workers_per_gpu': 2 * (step == 9)}
    if not by_epoch:
        text = config.read_text().replace("'EpochBasedRunner', max_epochs=3", "'IterBasedRunner', max_iters=28")
        config.write_text(text)
        options = {'checkpoint_config.interval': 7}
    whole = run(config, tmp_path / 'whole', **options)
    with pytest.raises(Stopped, match=f'stopped by {name} after iteration {step}; the same command with --auto-resume'):
        run(config, tmp_path / 'parts', **options, **signalled(step, name))
    link = os.readlink(tmp_path / 'parts/latest.pth')
    numbered = f'epoch_{step // 7}.pth' if by_epoch else f'iter_{step}.pth'
    assert link == (numbered if step % 7 == 0 else STOPPED)
    assert same(whole, run(config, tmp_path / 'parts', auto_resume=True, **options))
    assert names(tmp_path / 'parts') == names(tmp_path / 'whole')
    assert not (tmp_path / 'parts/.lock').exists()


def test_a_stop_in_an_evaluation_keeps_the_step(config: Path, tmp_path: Path) -> None:
    """The evaluation is dropped and made up; there is a checkpoint though none was due."""
    options = {'checkpoint_config.interval': 5, 'evaluation.save_best': None}
    whole = run(config, tmp_path / 'whole', validate=True, **options)
    score, calls = eval_hook.score_videos, []

    def stop_once(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return score(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval_hook, 'score_videos', stop_once)
        with pytest.raises(Stopped, match='after iteration 14'):
            run(config, tmp_path / 'parts', validate=True, **options)
        assert os.readlink(tmp_path / 'parts/latest.pth') == STOPPED
        assert same(whole, run(config, tmp_path / 'parts', validate=True, auto_resume=True, **options))
    assert [entry['iter'] for entry in evaluations(tmp_path / 'parts')] == [7, 14, 21]
