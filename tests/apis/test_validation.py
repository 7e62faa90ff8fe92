"""Scores that no checkpoint can be chosen by: they are refused before the first step, or passed over if undefined."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from knet.apis import build_model, eval_hook, load_config
from knet.apis.validation import validation_hook
from knet.utils.cli import UsageError

from .test_resuming import names
from .test_train import run

pytestmark = pytest.mark.slow


def trained(config: Path, work_dir: Path, scores: List[Dict[str, Optional[float]]], best: str) -> Dict[str, Any]:
    """Train as many epochs as there are scores, and return the evaluations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval_hook.StreamEvalHook, '_score_streams', lambda *_: scores.pop(0))
        options = {'runner.max_epochs': len(scores), 'evaluation.save_best': best}
        run(config, work_dir, validate=True, **options)
    return json.loads((work_dir / 'evaluations.json').read_text())['evaluations']


@pytest.mark.parametrize('best', ['VPQ', 'auto'])
def test_an_undefined_score_is_never_the_best(
    config: Path, tmp_path: Path, best: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = trained(config, tmp_path / 'w', [dict(VPQ=None), dict(VPQ=0.5), dict(VPQ=None)], best)
    assert [name for name in names(tmp_path / 'w') if 'best' in name] == ['best_VPQ_epoch_2.pth']
    assert [entry['scores'] for entry in found] == [{}, dict(VPQ=0.5), {}]
    assert 'VPQ is undefined, no best checkpoint' in caplog.text


def test_a_score_that_is_left_out_is_undefined_if_it_is_known(config: Path, tmp_path: Path) -> None:
    trained(config, tmp_path / 'w', [dict(STQ=0.5)], 'VPQ')
    assert names(tmp_path / 'w') == ['epoch_1.pth', 'latest.pth']


def test_an_unknown_score_of_a_data_set_of_ones_own_is_an_error(config: Path, tmp_path: Path) -> None:
    options = {'model.type': 'FakeImageModel', 'evaluation.save_best': 'mIuO'}
    with pytest.raises(UsageError, match="evaluation.save_best='mIuO' is not among the scores; choose from mIoU"):
        run(config, tmp_path / 'w', validate=True, **options)


@pytest.mark.parametrize(
    'metric, known',
    [(None, {'STQ', 'AQ', 'SQ', 'VPQ'}), ('vpq', {'VPQ'}), (['miou', 'vc'], {'mIoU', 'wIoU', 'VC8', 'VC16'})],
)
def test_the_scores_of_streams_are_known_before_the_first_step(config: Path, metric: Any, known: Any) -> None:
    cfg = load_config(str(config), {'evaluation': dict(_delete_=True, save_best='auto', metric=metric)})
    assert validation_hook(cfg, build_model(cfg)).known_scores == known
