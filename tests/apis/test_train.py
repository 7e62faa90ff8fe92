"""Training: resumed runs equal uninterrupted ones, validation, checks before the first step."""

import json
import logging
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
import torch
from mmcv.runner import HOOKS, Hook

from knet.apis import load_config, read_checkpoint, train
from knet.apis.runner import _for_this_machine
from knet.apis.train import _log_settings, build_fused_optimizer, prepare_work_dir
from knet.utils.cli import UsageError

pytestmark = pytest.mark.slow


class Interrupted(Exception):
    """Stands for a killed process."""


@HOOKS.register_module()
class StopAt(Hook):
    """Stops the run after a number of steps, as a signal would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def after_train_iter(self, runner: Any) -> None:
        if runner.iter + 1 == self.step:
            raise Interrupted


def run(config: Path, work_dir: Path, seed: int = 3, validate: bool = False, **overrides: Any) -> Dict[str, Any]:
    """Train; returns the last checkpoint."""
    cfg = load_config(str(config), overrides)
    cfg.work_dir = str(work_dir)
    train(cfg, validate=validate, seed=seed)
    return read_checkpoint(work_dir / 'latest.pth')


def same(a: Dict[str, Any], b: Dict[str, Any]) -> bool:
    """Whether weights and optimiser are bit-equal."""
    pairs = [(a['state_dict'][key], b['state_dict'][key]) for key in a['state_dict']]
    states = [x['optimizer']['state'] for x in (a, b)]
    pairs += [(states[0][i][key], states[1][i][key]) for i in states[0] for key in ('exp_avg', 'exp_avg_sq')]
    return all(torch.equal(x, y) for x, y in pairs)


@pytest.mark.parametrize(
    'stop, settings',
    [
        (16, {}),  # in epoch 3 of 7 steps each: continues from epoch 2
        (12, {'checkpoint_config.by_epoch': False, 'checkpoint_config.interval': 5}),  # from step 10, within epoch 2
        (12, {'checkpoint_config.by_epoch': False, 'checkpoint_config.interval': 5, 'data.workers_per_gpu': 2}),
    ],
)
def test_interrupted_epochs_reach_the_same_weights(
    config: Path, tmp_path: Path, stop: int, settings: Dict[str, Any]
) -> None:
    whole = run(config, tmp_path / 'whole', **settings)
    assert whole['meta']['iter'] == 21 and whole['meta']['epoch'] == 3
    with pytest.raises(Interrupted):
        run(config, tmp_path / 'parts', custom_hooks=[dict(type='StopAt', step=stop, priority='VERY_LOW')], **settings)
    resumed = run(config, tmp_path / 'parts', auto_resume=True, **settings)
    assert same(whole, resumed)
    assert resumed['meta']['seed'] == 3
    assert not same(whole, run(config, tmp_path / 'other', seed=4, **settings))


def test_interrupted_iterations_reach_the_same_weights(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text().replace("'EpochBasedRunner', max_epochs=3", "'IterBasedRunner', max_iters=11"))
    settings = {'checkpoint_config.interval': 4, 'lr_config.step': [6]}
    whole = run(config, tmp_path / 'whole', **settings)
    assert whole['meta']['iter'] == 11
    with pytest.raises(Interrupted):
        run(config, tmp_path / 'parts', custom_hooks=[dict(type='StopAt', step=10, priority='VERY_LOW')], **settings)
    assert read_checkpoint(tmp_path / 'parts/latest.pth')['meta']['iter'] == 8
    assert same(whole, run(config, tmp_path / 'parts', auto_resume=True, **settings))


def test_resuming_keeps_the_seed_of_the_run(config: Path, tmp_path: Path) -> None:
    whole = run(config, tmp_path / 'a', **{'runner.max_epochs': 1})
    resumed = run(config, tmp_path / 'a', seed=None, auto_resume=True)
    assert resumed['meta']['seed'] == whole['meta']['seed'] == 3


def test_validation_scores_streams_and_keeps_the_best(config: Path, tmp_path: Path) -> None:
    run(config, tmp_path / 'w', validate=True, **{'runner.max_epochs': 2, 'log_level': 'INFO'})
    assert (tmp_path / 'w/best_STQ_epoch_1.pth').is_file()
    lines = [json.loads(line) for line in next((tmp_path / 'w').glob('*.log.json')).read_text().splitlines()]
    scores = [line for line in lines if line.get('mode') == 'val']
    assert len(scores) == 2 and scores[0]['STQ'] == 1.0 and scores[0]['VPQ'] == 1.0
    assert (tmp_path / 'w/fake.py').is_file()


def test_validation_of_image_models(config: Path, tmp_path: Path) -> None:
    content = run(
        config,
        tmp_path / 'w',
        validate=True,
        **{'model.type': 'FakeImageModel', 'evaluation.save_best': 'mIoU', 'runner.max_epochs': 1},
    )
    assert content['meta']['epoch'] == 1
    assert (tmp_path / 'w/best_mIoU_epoch_1.pth').is_file()


@pytest.mark.parametrize(
    'overrides, message',
    [
        ({'model.type': 'FakeVidoModel'}, "unknown type 'FakeVidoModel'.*did you mean FakeVideoModel"),
        ({'data.train.type': 'FakeVideo'}, "unknown type 'FakeVideo'.*did you mean FakeVideos"),
        ({'model.drop_out': 1}, 'model of the config.*drop_out'),
        ({'data.train.lengths': []}, 'has no samples'),
        ({'load_from': '/nowhere/a.pth'}, 'checkpoint not found: /nowhere/a.pth'),
        ({'resume_from': '/nowhere/'}, 'checkpoint not found: /nowhere'),
    ],
)
def test_mistakes_are_named_before_anything_is_written(
    config: Path, tmp_path: Path, overrides: Dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run(config, tmp_path / 'w', **overrides)
    assert not (tmp_path / 'w').exists()


def test_work_dir_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(UsageError, match='cannot be written'):
        prepare_work_dir(str(tmp_path / 'file/w'))


def test_weights_without_training_state_cannot_be_resumed(config: Path, tmp_path: Path) -> None:
    content = run(config, tmp_path / 'a', **{'runner.max_epochs': 1})
    torch.save(content['state_dict'], str(tmp_path / 'weights.pth'))
    with pytest.raises(UsageError, match='use --load-from'):
        run(config, tmp_path / 'b', resume_from=str(tmp_path / 'weights.pth'))


@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')  # mmcv leaves a closed temp file
@pytest.mark.parametrize(
    'text, message',
    [
        ("_base_ = './absent.py'\n", 'absent.py'),
        ('model = dict(type=\n', 'SyntaxError'),
        ("custom_imports = dict(imports=['absent_package'], allow_failed_imports=False)\n", 'absent_package'),
    ],
)
def test_unreadable_configs(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'c.py').write_text(text)
    with pytest.raises(UsageError, match=f'cannot be read.*{message}'):
        load_config(str(tmp_path / 'c.py'))


def test_hooks_of_mmdet_see_the_classes_of_the_data(config: Path, tmp_path: Path) -> None:
    hooks = [dict(type='NumClassCheckHook')]
    assert run(config, tmp_path / 'w', custom_hooks=hooks, **{'runner.max_epochs': 1})['meta']['epoch'] == 1


def test_missing_config_suggests_neighbours(config: Path) -> None:
    with pytest.raises(UsageError, match='did you mean .*fake.py'):
        load_config(str(config.with_name('fakes.py')))


def test_any_optimizer_is_built_fused_where_there_is_a_kernel() -> None:
    model = torch.nn.Linear(3, 2)
    settings = dict(type='AdamW', lr=0.1)
    build_fused_optimizer(model, settings)
    assert settings == dict(type='AdamW', lr=0.1)
    # An optimiser that knows no such option is built without it.
    assert isinstance(build_fused_optimizer(model, dict(type='Rprop', lr=0.1)), torch.optim.Rprop)


def test_a_checkpoint_resumes_where_the_kernels_differ() -> None:
    """What a fused update saved goes on in an unfused one, and the other way round."""
    for saved, here in ((True, False), (False, True)):
        model = torch.nn.Linear(3, 2)
        optimizer = build_fused_optimizer(model, dict(type='AdamW', lr=0.1))
        state = optimizer.state_dict()
        for group in state['param_groups']:
            group['fused'] = saved
        other = torch.optim.AdamW(model.parameters(), lr=0.1)
        other.defaults['fused'] = here
        assert [group['fused'] for group in _for_this_machine(other, state)['param_groups']] == [here]


@pytest.mark.parametrize('there', [True, False])
def test_tensorboard_is_optional(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules['knet.apis.train'], 'find_spec', lambda name: object() if there else None)
    settings = dict(interval=50, hooks=[dict(type='TextLoggerHook'), dict(type='TensorboardLoggerHook')])
    kept = _log_settings(settings, logging.getLogger('test'))
    assert kept == (settings if there else dict(interval=50, hooks=[dict(type='TextLoggerHook')]))
    assert len(settings['hooks']) == 2
    assert _log_settings(None, logging.getLogger('test')) is None
