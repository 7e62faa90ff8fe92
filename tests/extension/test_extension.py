"""Parts outside of the package are found by their names, by programs that know nothing of them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import cv2
import numpy as np
import pytest

from knet.apis import load_config
from knet.evaluation.metric import METRICS, score
from knet.labels import LABEL_SPACES
from knet.layouts.registry import LAYOUTS
from knet.results.exports.base import EXPORTERS
from knet.results.panoptic_store import PredictionReader

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONFIG = """
_base_ = '{root}/configs/toy/video_knet_toy_kitti_step.py'
custom_imports = dict(
    imports=['knet.plugin', 'harbour_dataset', 'nearest_box', 'accuracy'], allow_failed_imports=False)
rcnn = dict(max_per_img=10, merge_stuff_thing=dict(instance_score_thr=0.0))
model = dict(label_space='harbour', tracker=dict(_delete_=True, type='NearestBoxTracker'), test_cfg=dict(rcnn=rcnn))
part = dict(type='HarbourDataset', data_root='{data}')
data = dict(workers_per_gpu=0, train=dict(dataset=part), val=part, test=part)
"""
pytestmark = [pytest.mark.slow, pytest.mark.process]


def draw(root: Path) -> None:
    """Two videos of four frames: water above, quay below, two boats that move."""
    rng = np.random.RandomState(0)
    for split in ('train', 'val'):
        (root / split).mkdir(parents=True)
        for video, frame in ((v, f) for v in (4, 9) for f in range(2, 6)):
            code = np.full((64, 96), 3000, np.uint16)
            code[44:] = 7000
            code[20:36, 5 + 4 * frame : 25 + 4 * frame] = 12001
            code[26:40, 60 - 3 * frame : 76 - 3 * frame] = 12002
            image = np.stack([code // 100] * 3, axis=-1).astype(np.uint8) + rng.randint(0, 20, (64, 96, 3), np.uint8)
            cv2.imwrite(str(root / split / f'{video}-{frame}.jpg'), image)
            cv2.imwrite(str(root / split / f'{video}-{frame}.png'), code)


def run(*words: Any) -> str:
    """Run a program of the project from a folder that is not the repository."""
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(ROOT), str(HERE)])}
    command = [sys.executable, str(ROOT / words[0]), *map(str, words[1:])]
    done = subprocess.run(command, cwd=HERE, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with data, config, a training of two iterations and scored predictions."""
    folder = tmp_path_factory.mktemp('harbour')
    draw(folder / 'data')
    config = folder / 'harbour_toy.py'
    config.write_text(CONFIG.format(root=ROOT, data=folder / 'data'))
    schedule = ['runner._delete_=True', 'runner.type=IterBasedRunner', 'runner.max_iters=2']
    validation = [f'evaluation.{word}' for word in ('metric=accuracy', 'save_best=accuracy', 'interval=2')]
    options = [*schedule, *validation, 'evaluation.by_epoch=False']
    run('tools/train.py', config, '--work-dir', folder / 'run', '--seed', 0, '--cfg-options', *options)
    metrics = ['stq', 'vpq', 'accuracy']
    run('tools/test_step.py', config, folder / 'run/latest.pth', '--out-dir', folder / 'out', '--eval', *metrics)
    return folder


def scores(path: Path) -> Dict[str, Any]:
    return json.loads(path.read_text())


@pytest.mark.parametrize('processes', [1, 2])
def test_evaluator_gives_the_scores_of_the_test(predicted: Path, processes: int) -> None:
    data, out = predicted / 'data', predicted / 'out'
    options = ['--import', 'harbour', '--data-set', 'harbour', '--nproc', processes, '--json', predicted / 'again.json']
    for tool, name in (('eval_dstq_step.py', 'stq'), ('eval_dvpq_step.py', 'vpq')):
        run(f'tools/{tool}', out, data, *options)
        assert scores(predicted / 'again.json') == scores(out / f'{name}.json')
    assert set(scores(out / 'stq.json')['per_class']) == {'3', '7', '12'}


def test_metric(predicted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 <= scores(predicted / 'out' / 'accuracy.json')['accuracy'] <= 1
    assert (predicted / 'run/best_accuracy_iter_2.pth').exists()

    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setattr('knet.evaluation.metric.METRICS', dict(METRICS))
    monkeypatch.setattr('knet.labels.registry.LABEL_SPACES', dict(LABEL_SPACES))
    monkeypatch.setattr('knet.layouts.registry.LAYOUTS', dict(LAYOUTS))
    from accuracy import PixelAccuracy
    from harbour import HARBOUR, HarbourLayout

    shutil.copytree(predicted / 'out', predicted / 'partly')
    for path in (predicted / 'partly/panoptic').glob('*/000004_000002_*'):
        path.unlink()
    truth = HarbourLayout(predicted / 'data', 'val')
    result = score(PixelAccuracy(HARBOUR), PredictionReader(predicted / 'partly'), truth, allow_missing=True)
    assert result.skipped.frames and 0 <= result.scores['accuracy'] <= 1


def test_drawing(predicted: Path) -> None:
    options = ['--import', 'harbour', '--data-set', 'harbour', '--out', predicted / 'pictures']
    run('tools/visualize.py', predicted / 'out', predicted / 'data', *options)
    assert sorted(path.name for path in (predicted / 'pictures').glob('*.gif')) == ['000004.gif', '000009.gif']


def test_exporter(predicted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setattr('knet.results.exports.base.EXPORTERS', dict(EXPORTERS))
    import class_maps  # noqa: F401

    from knet.results.exports import base

    exporter = base.EXPORTERS['class-maps']()
    exporter.export(PredictionReader(predicted / 'out'), None, predicted / 'maps')
    assert len(list((predicted / 'maps').glob('*.png'))) == 8
    assert set(np.unique(cv2.imread(str(predicted / 'maps/4_2.png'), -1))) <= {3, 7, 12, 255, 0}


def test_another_label_space_is_refused(predicted: Path) -> None:
    command = [sys.executable, str(ROOT / 'tools/eval_dstq_step.py'), str(predicted / 'out'), str(predicted / 'data')]
    options = ['--import', 'harbour', '--data-set', 'harbour', '--label-space', 'kitti_step']
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(ROOT), str(HERE)])}
    done = subprocess.run([*command, *options], env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "'harbour'" in done.stderr and '--label-space' in done.stderr


@pytest.mark.parametrize(
    'name, page',
    [
        ('harbour', 'extend'),
        ('harbour_dataset', 'extend'),
        ('nearest_box', 'tutorials/add_a_tracker'),
        ('heads', 'extend'),
        ('accuracy', 'extend'),
        ('class_maps', 'extend'),
    ],
)
def test_page_shows_this_code(name: str, page: str) -> None:
    code = (HERE / f'{name}.py').read_text(encoding='utf-8')
    assert f'```python\n{code}```' in (ROOT / f'docs/{page}.md').read_text(encoding='utf-8')
    assert len(code.splitlines()) <= 60


def test_config_finds_a_module_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    (tmp_path / 'part_beside_the_config.py').write_text('FOUND = True\n')
    base = ROOT / 'configs/toy/video_knet_toy_kitti_step.py'
    imports = "dict(imports=['knet.plugin', 'part_beside_the_config'], allow_failed_imports=False)"
    (tmp_path / 'mine.py').write_text(f"_base_ = '{base}'\ncustom_imports = {imports}\n")
    load_config('mine.py')
    assert sys.modules.pop('part_beside_the_config').FOUND
