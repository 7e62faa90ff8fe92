"""Image models on miniatures in COCO's form: training with validation, scores, result files, pictures."""

import json
import pickle
import re
import shutil
from pathlib import Path
from typing import Dict

import pytest
import torch

from knet.apis import build_model, load_config
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import read_json, write_json_atomic

from .conftest import ROOT, call, launch

pytestmark = pytest.mark.slow

#: The toy model, with thresholds that random weights pass.
CONFIG = """
_base_ = ['{root}/configs/toy/knet_toy_coco_{kind}.py']
data = dict(
    workers_per_gpu=0, train=dict(dataset=dict(data_root='{data}')), val=dict(data_root='{data}'),
    test=dict(data_root='{data}'))
runner = dict(max_epochs=1)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
"""
LOW = 'model = dict(test_cfg=dict(rcnn=dict(merge_stuff_thing=dict(instance_score_thr=0.0))))\n'


@pytest.fixture(scope='module')
def configs(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Path]:
    """Configs and random weights by kind, on one training and three validation pictures."""
    root = tmp_path_factory.mktemp('coco')
    make_toy_videos(root / 'data', 'coco', ToySpec(train=1, val=3, frames=1, height=64, width=96))
    code, _, err = call('dataset/coco_panoptic_stuff.py', '--src', root / 'data', '--nproc', 1)
    assert code == 0, err
    found = {}
    for kind in ('instance', 'panoptic'):
        found[kind] = root / f'{kind}.py'
        text = CONFIG.format(root=ROOT, kind=kind, data=root / 'data')
        found[kind].write_text(text + (LOW if kind == 'panoptic' else ''))
        torch.manual_seed(0)
        torch.save(build_model(load_config(str(found[kind]))).state_dict(), str(root / f'{kind}.pth'))
    return found


def weights(config: Path) -> Path:
    return config.with_suffix('.pth')


@pytest.mark.parametrize(
    'kind, metrics, scores',
    [
        ('panoptic', ['PQ', 'segm', 'mIoU'], {'PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ', 'segm_mAP', 'mIoU'}),
        ('instance', ['segm'], {'segm_mAP', 'segm_mAP_50', 'segm_mAP_75', 'segm_mAP_s'}),
    ],
)
def test_scores_results_and_pictures(
    configs: Dict[str, Path], tmp_path: Path, kind: str, metrics: list, scores: set
) -> None:
    config = configs[kind]
    code, text, err = call(
        'test.py',
        config,
        weights(config),
        '--eval',
        *metrics,
        '--json',
        tmp_path / 'scores.json',
        '--out',
        tmp_path / 'all.pkl',
        '--show-dir',
        tmp_path / 'show',
        '--show-score-thr',
        0,
    )
    assert code == 0, err
    found = json.loads((tmp_path / 'scores.json').read_text())
    assert scores <= set(found) and all(0 <= value <= 1 for value in found.values())
    results = pickle.loads((tmp_path / 'all.pkl').read_bytes())
    assert len(results) == 3 and '3 results in' in text
    boxes, masks = results[0]['ins_results'] if kind == 'panoptic' else results[0]
    assert len(boxes) == len(masks) == 80 and sum(map(len, masks)) > 0
    assert {'size', 'counts'} == set(next(m for m in masks if m)[0])
    assert len(list((tmp_path / 'show').glob('*.jpg'))) == 3


def test_result_files_for_a_server(configs: Dict[str, Path], tmp_path: Path) -> None:
    config = configs['panoptic']
    code, text, err = call(
        'test.py',
        config,
        weights(config),
        '--format-only',
        '--out',
        tmp_path / 'maps',
        '--eval-options',
        f'jsonfile_prefix={tmp_path}/run',
    )
    assert code == 0, err
    assert f'{tmp_path}/run.panoptic.json' in text and (tmp_path / 'run.segm.json').is_file()
    entries = json.loads((tmp_path / 'run.panoptic.json').read_text())['annotations']
    assert len(entries) == 3 and all((tmp_path / 'run.panoptic' / entry['file_name']).is_file() for entry in entries)
    assert len(list((tmp_path / 'maps').glob('*_cat.png'))) == 3


@pytest.mark.parametrize('kind, metric', [('panoptic', 'PQ'), ('instance', 'segm')])
def test_images_without_annotations_are_not_predicted_for_a_score(
    configs: Dict[str, Path], tmp_path: Path, kind: str, metric: str
) -> None:
    config = configs[kind]
    shutil.copytree(str(config.with_name('data')), str(tmp_path / 'data'))
    file = tmp_path / 'data/annotations/instances_val2017.json'
    document = read_json(file)
    del document['annotations']
    write_json_atomic(file, document)
    options = ('--cfg-options', f'data.test.data_root={tmp_path / "data"}')
    shown = ('--show-dir', tmp_path / 'show')
    code, _, err = call('test.py', config, weights(config), '--eval', metric, *shown, *options)
    assert code == 1 and f'{file} has no annotations to compare with' in err and not (tmp_path / 'show').exists()
    code, _, err = call('test.py', config, weights(config), *shown, *options)
    assert code == 0 and len(list((tmp_path / 'show').glob('*.jpg'))) == 3, err


def test_validation_keeps_the_best_and_two_processes_score_alike(configs: Dict[str, Path], tmp_path: Path) -> None:
    config = configs['panoptic']
    code, _, err = call('train.py', config, '--work-dir', tmp_path, '--seed', 0)
    assert code == 0, err
    assert (tmp_path / 'best_PQ_epoch_1.pth').is_file()
    lines = [json.loads(line) for path in tmp_path.glob('*.log.json') for line in path.read_text().splitlines()]
    scores = next(line for line in lines if line.get('mode') == 'val')
    assert {'PQ', 'segm_mAP'} <= set(scores)
    options = (config, tmp_path, '--eval', 'PQ', 'segm', 'mIoU', '--json')
    assert call('test.py', *options, tmp_path / '1.json')[0] == 0
    launch('dist_test.sh', *options[:2], 2, *options[2:], tmp_path / '2.json')
    assert (tmp_path / '1.json').read_text() == (tmp_path / '2.json').read_text()
    assert json.loads((tmp_path / '1.json').read_text())['PQ'] == pytest.approx(scores['PQ'], abs=1e-4)


@pytest.mark.parametrize(
    'kind, options, message',
    [
        ('panoptic', [], 'nothing to do'),
        ('panoptic', ['--eval', 'STQ'], "unknown metric 'STQ' for CocoPanopticDatasetCustom; known: PQ, segm, mIoU"),
        ('instance', ['--eval', 'PQ'], "unknown metric 'PQ' for CocoInstanceDataset; known: segm"),
        ('panoptic', ['--eval', 'PQ', '--format-only'], '--format-only is for images without annotations'),
        ('instance', ['--out', 'maps'], 'instances overlap and do not fit into label maps; use --out FILE.pkl'),
        ('panoptic', ['--eval', 'PQ', '--cfg-options', 'data.test.label_space=coco'], 'none unknown|unknown'),
        ('instance', ['--eval', 'segm', '--cfg-options', 'data.test.img_prefix=nowhere'], 'images of .* are missing'),
    ],
)
def test_refusals(configs: Dict[str, Path], kind: str, options: list, message: str) -> None:
    config = configs[kind]
    code, _, err = call('test.py', config, weights(config), *options)
    assert code == 1 and re.search(message, err), err
