"""The tools that serve panoptic models serve semantic ones: train, resume, test, score, draw, two processes."""

import json
from pathlib import Path
from typing import Dict, List

import cv2
import numpy as np
import pytest
import torch

from knet.evaluation.metric import score
from knet.evaluation.vss import VideoSemantics
from knet.labels import VSPW
from knet.layouts.vspw import VSPWGroundTruth
from knet.results.panoptic_store import PredictionReader
from tests.tools.conftest import ROOT, call, launch, run

pytestmark = pytest.mark.slow

#: The toy model with fewer channels. Nothing is drawn at random in its forward pass, and GN needs no batch.
CONFIG = """
_base_ = '{root}/configs/toy/video_knet_toy_vspw.py'
norm_cfg = dict(type='GN', num_groups=4)
updator = dict(in_channels=16, feat_channels=16, out_channels=16)
stage = dict(type='KernelUpdateHead', num_classes=8, num_mask_fcs=1, feedforward_channels=16, in_channels=16,
             out_channels=16, kernel_updator_cfg=dict(type='KernelUpdator', norm_cfg=dict(type='LN'), **updator))
model = dict(
    backbone=dict(base_channels=8, stem_channels=8, norm_cfg=norm_cfg),
    decode_head=dict(
        num_stages=2, link=dict(feedforward_channels=16), kernel_update_head=[stage, stage],
        kernel_generate_head=dict(in_channels=[8, 16, 32, 64], channels=16, norm_cfg=norm_cfg)))
part = dict(data_root='{data}')
data = dict(workers_per_gpu=0, train=part, val=part, test=part)
runner = dict(max_epochs=2)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
"""


@pytest.fixture(scope='module')
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the config of a very small model, and two training and two validation videos of nine frames of 64x96."""
    from knet.toy import ToySpec, make_toy_videos

    root = tmp_path_factory.mktemp('vss')
    make_toy_videos(root / 'vspw', 'vspw', ToySpec(train=1, val=2, frames=9, height=64, width=96))
    path = root / 'tiny_vspw.py'
    path.write_text(CONFIG.format(root=ROOT, data=root / 'vspw'))
    return path


@pytest.fixture(scope='module')
def trained(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work_dir = tmp_path_factory.mktemp('trained')
    run('train.py', config, '--work-dir', work_dir, '--seed', 3)
    return work_dir


@pytest.fixture(scope='module')
def predicted(config: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('predicted') / 'out'
    code, text, error = call('test_step.py', config, trained / 'latest.pth', '--show-dir', out, '--eval', 'miou', 'vc')
    assert code == 0 and 'VSPW script' in text and text.count('weighted IoU') == 1, error
    return out


def log(work_dir: Path, mode: str) -> List[Dict[str, float]]:
    """Return the lines of the log of a training."""
    lines = [line for path in work_dir.glob('*.log.json') for line in path.read_text().splitlines()]
    return [line for line in map(json.loads, lines) if line.get('mode') == mode]


def weights(path: Path) -> Dict[str, torch.Tensor]:
    return torch.load(str(path), map_location='cpu')['state_dict']


def test_validation_while_training(trained: Path) -> None:
    scores = log(trained, 'val')
    assert len(scores) == 2 and {'mIoU', 'wIoU', 'VC8'} <= set(scores[1])
    assert list(trained.glob('best_mIoU_epoch_*.pth'))
    losses = [line['loss'] for line in log(trained, 'train')]
    assert len(losses) == 10 and losses[-1] < losses[0]


def test_resumed_training_reaches_the_same_weights(config: Path, trained: Path, tmp_path: Path) -> None:
    (tmp_path / 'epoch_1.pth').write_bytes((trained / 'epoch_1.pth').read_bytes())
    code, _, error = call('train.py', config, '--work-dir', tmp_path, '--no-validate', '--auto-resume')
    assert code == 0, error
    whole, resumed = weights(trained / 'latest.pth'), weights(tmp_path / 'latest.pth')
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())


def test_predictions_are_stored_scored_and_drawn(predicted: Path, config: Path) -> None:
    truth = VSPWGroundTruth(config.parent / 'vspw', 'val')
    result = score(VideoSemantics(VSPW), PredictionReader(predicted), truth)
    document = json.loads((predicted / 'vss.json').read_text())
    assert document['mIoU'] == pytest.approx(result.semantic.miou) and document['VC8'] == result.consistency[8].script
    semantic, instance = PredictionReader(predicted).read(1, 9)
    assert semantic.shape == (64, 96) and not instance.any()
    drawn = cv2.imread(str(predicted / 'overlay' / '1' / '000001_000009.jpg'))
    assert drawn.shape == (64, 96, 3)


def test_stopped_predictions_go_on(config: Path, trained: Path, predicted: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (predicted / 'panoptic' / '0').iterdir()}
    (predicted / '.done' / '1.json').unlink()
    code, _, error = call('test_step.py', config, trained / 'latest.pth', '--out-dir', predicted)
    assert code == 0, error
    assert before == {path: path.stat().st_mtime_ns for path in (predicted / 'panoptic' / '0').iterdir()}
    assert (predicted / '.done' / '1.json').is_file()


def test_two_processes_train_like_one(config: Path, trained: Path, tmp_path: Path) -> None:
    launch(
        'dist_train.sh',
        'job',
        config,
        2,
        tmp_path,
        '--seed',
        3,
        '--no-validate',
        '--cfg-options',
        'data.samples_per_gpu=1',
        'runner.max_epochs=1',
    )
    one, two = ([line['loss'] for line in log(path, 'train')] for path in (trained, tmp_path))
    assert two == pytest.approx(one[:5], rel=2e-3)


def test_two_processes_predict_like_one(config: Path, trained: Path, predicted: Path, tmp_path: Path) -> None:
    launch('dist_step_test.sh', config, trained / 'latest.pth', 2, '--out-dir', tmp_path / 'out', '--eval', 'miou')
    one, two = (
        {path.name: path.read_bytes() for path in (out / 'panoptic').rglob('*.png')}
        for out in (predicted, tmp_path / 'out')
    )
    assert len(one) == 36 and one == two
    assert (tmp_path / 'out' / 'vss.json').read_bytes() == (predicted / 'vss.json').read_bytes()


def test_the_product_steps_through_frames(config: Path, trained: Path) -> None:
    from knet.apis import VideoSegmenter

    segmenter = VideoSegmenter(str(config), trained / 'latest.pth')
    state, frame = segmenter.init_state(), np.zeros((50, 70, 3), np.uint8)
    for _ in range(2):
        prediction = segmenter.step(frame, state)
    assert prediction.semantic.shape == (50, 70) and segmenter.draw(frame, prediction).shape == frame.shape


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--eval', 'mIoU'], "unknown metric 'mIoU' for videos; choose from stq, pq, vpq, miou, vc"),
        (['--cfg-options', 'data.test.split=test'], 'test.txt: no such file'),
        (['--cfg-options', 'model.label_space=vspw'], 'conv_seg.bias  checkpoint (8), model (124)'),
        (['--cfg-options', 'model.decode_head.link=None'], 'holds results of another run'),
        (['--cfg-options', 'model.test_cfg.mode=slide'], "use 'whole'"),
    ],
)
def test_bad_input(config: Path, trained: Path, predicted: Path, arguments: List[str], message: str) -> None:
    code, _, error = call('test_step.py', config, trained / 'latest.pth', '--out-dir', predicted, *arguments)
    assert code == 1 and message in error
