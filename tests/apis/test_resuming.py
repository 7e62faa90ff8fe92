"""What a stopped training finds again: a readable checkpoint, its best score, the evaluation that was cut short."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
from mmcv.runner import HOOKS, Hook

from knet.apis import eval_hook
from knet.apis.checkpoint import CheckpointError, link_atomic
from knet.apis.resuming import newest_readable

from .test_train import Interrupted, run, same

pytestmark = pytest.mark.slow


def names(folder: Path) -> List[str]:
    return sorted(path.name for path in folder.glob('*.pth'))


def damage(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.mark.parametrize('size', [0, 3000, -3000])
def test_a_damaged_newest_checkpoint_is_passed_over(
    config: Path, tmp_path: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    whole = run(config, tmp_path / 'whole')
    run(config, tmp_path / 'w', **{'runner.max_epochs': 2})
    damage(tmp_path / 'w/epoch_2.pth', size)
    resumed = run(config, tmp_path / 'w', auto_resume=True)
    assert same(whole, resumed)
    assert 'epoch_2.pth is damaged' in caplog.text and 'epoch_1.pth is continued' in caplog.text


def test_a_folder_of_damaged_checkpoints_is_an_error(config: Path, tmp_path: Path) -> None:
    for name in ('epoch_1.pth', 'epoch_2.pth'):
        (tmp_path / name).write_bytes(b'')
    with pytest.raises(CheckpointError, match='epoch_2.pth is damaged'):
        newest_readable(tmp_path)
    with pytest.raises(CheckpointError, match='epoch_1.pth is damaged'):
        newest_readable(tmp_path / 'epoch_1.pth')


def test_a_checkpoint_with_code_is_not_passed_over(tmp_path: Path) -> None:
    torch.save(dict(state_dict=dict(a=torch.zeros(1)), meta={}), str(tmp_path / 'epoch_1.pth'))
    torch.save(dict(state_dict=dict(a=torch.zeros(1)), meta=Path('code')), str(tmp_path / 'epoch_2.pth'))
    with pytest.raises(CheckpointError, match='pickled code'):
        newest_readable(tmp_path)


def test_the_last_three_and_the_best_stay(config: Path, tmp_path: Path) -> None:
    scores = iter([0.1, 0.9, 0.3, 0.4, 0.5, 0.6])
    options = {'runner.max_epochs': 6, 'checkpoint_config.max_keep_ckpts': 3}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval_hook.StreamEvalHook, '_score_streams', lambda *_: dict(STQ=next(scores)))
        run(config, tmp_path / 'w', validate=True, **options)
    assert names(tmp_path / 'w') == ['best_STQ_epoch_2.pth', 'epoch_4.pth', 'epoch_5.pth', 'epoch_6.pth', 'latest.pth']


@HOOKS.register_module()
class StopInEvaluation(Hook):
    """Stops the run after the checkpoint of an epoch and before its evaluation."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def after_train_epoch(self, runner: Any) -> None:
        if runner.epoch + 1 == self.epoch:
            raise Interrupted


def evaluations(folder: Path) -> List[Dict[str, Any]]:
    return json.loads((folder / 'evaluations.json').read_text())['evaluations']


@pytest.mark.parametrize('kind', ['epochs', 'iterations'])
@pytest.mark.parametrize('last', [2, 3])
def test_an_evaluation_that_was_cut_short_is_made_up(config: Path, tmp_path: Path, kind: str, last: int) -> None:
    """The score depends on the step only; the best is that of the second evaluation."""
    patch = pytest.MonkeyPatch()
    by_step = {7: 0.2, 14: 0.8, 21: 0.5}
    asked: List[int] = []

    def score(_: Any, __: Any, runner: Any) -> Dict[str, float]:
        if runner.done_iters == stop and not asked:
            asked.append(stop)
            raise Interrupted
        return dict(STQ=by_step[runner.done_iters])

    patch.setattr(eval_hook.StreamEvalHook, '_score_streams', score)
    options: Dict[str, Any] = {'log_level': 'INFO'}
    if kind == 'iterations':
        config.write_text(
            config.read_text().replace("'EpochBasedRunner', max_epochs=3", "'IterBasedRunner', max_iters=21")
        )
        options.update({'checkpoint_config.interval': 7, 'evaluation.interval': 7})
    stop = 0
    run(config, tmp_path / 'whole', validate=True, **options)
    stop = 7 * last
    with pytest.raises(Interrupted):
        run(config, tmp_path / 'parts', validate=True, **options)
    assert [entry['iter'] for entry in evaluations(tmp_path / 'parts')] == [7, 14][: last - 1]
    run(config, tmp_path / 'parts', validate=True, auto_resume=True, **options)
    patch.undo()
    assert names(tmp_path / 'parts') == names(tmp_path / 'whole')
    assert [name.split('_')[-1] for name in names(tmp_path / 'whole') if 'best' in name] == [
        '2.pth' if kind == 'epochs' else '14.pth'
    ]
    assert [(e['iter'], e['scores'], e['best_score']) for e in evaluations(tmp_path / 'parts')] == [
        (7, dict(STQ=0.2), 0.2),
        (14, dict(STQ=0.8), 0.8),
        (21, dict(STQ=0.5), 0.8),
    ]
    lines = [
        json.loads(line) for path in (tmp_path / 'parts').glob('*.log.json') for line in path.read_text().splitlines()
    ]
    logged = {line['STQ']: line['iter'] for line in lines if line.get('mode') == 'val'}
    # Of an epoch mmcv's log tells the number of frames, otherwise the step.
    assert logged == ({0.2: 12, 0.8: 12, 0.5: 12} if kind == 'epochs' else {0.2: 7, 0.8: 14, 0.5: 21})


def test_a_link_never_writes_through_a_stale_one(tmp_path: Path) -> None:
    for name in ('old.pth', 'new.pth'):
        (tmp_path / name).write_text(name)
    (tmp_path / f'.latest.pth.{os.getpid()}.tmp').symlink_to('old.pth')
    link_atomic('new.pth', tmp_path / 'latest.pth')
    link_atomic('new.pth', tmp_path / 'latest.pth')
    assert (tmp_path / 'latest.pth').read_text() == 'new.pth' and (tmp_path / 'old.pth').read_text() == 'old.pth'
