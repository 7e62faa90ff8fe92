"""Training, evaluation and the Python interface run on an accelerator as on the CPU."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import torch

from knet.apis import VideoSegmenter, load_config, read_checkpoint
from knet.apis.train import train
from knet.toy import ToySpec, make_toy_videos
from tests.helpers.pretend_device import DEVICE
from tests.helpers.pretend_gpu import pretend_gpu
from tests.models import ROOT
from tests.tools.conftest import CONFIG, call
from tests.vss.test_tools import CONFIG as SEMANTIC_CONFIG

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings('ignore:.*non-meta parameter')]

IMAGES = ROOT / 'configs/toy/knet_toy_cityscapes_step.py'
CLIPS = ROOT / 'configs/toy/knet_track_toy_youtubevis.py'
STREAMS = ROOT / 'configs/toy/video_knet_toy_kitti_step.py'
SEMANTIC = ROOT / 'configs/toy/video_knet_toy_vspw.py'
#: One sample per step, loaded by this process.
SMALL = {'data.workers_per_gpu': 0, 'data.samples_per_gpu': 1}


def street(folder: Path, layout: str) -> Path:
    """Make two training videos and one validation video, and return their folder."""
    make_toy_videos(folder / layout, layout, ToySpec(train=2, val=1, frames=3, height=64, width=160))
    return folder / layout


def config_file(folder: Path, layout: str, text: str) -> Path:
    """Write a config for a street in a folder, and return it."""
    (folder / 'tiny.py').write_text(text.format(root=ROOT, data=street(folder, layout)))
    return folder / 'tiny.py'


@pytest.fixture(scope='module')
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Config of a very small Video K-Net."""
    return config_file(tmp_path_factory.mktemp('street'), 'kitti-step', CONFIG)


@pytest.fixture(scope='module')
def semantic_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Config of a very small semantic model."""
    return config_file(tmp_path_factory.mktemp('semantic'), 'vspw', SEMANTIC_CONFIG)


def run(config: Path, work_dir: Path, iterations: int, **settings: Any) -> Dict[str, Any]:
    """Train for a number of iterations in all and return the last checkpoint; ``evaluation`` scores the last step."""
    validate = 'evaluation' in settings
    options = {
        'runner': dict(_delete_=True, type='IterBasedRunner', max_iters=iterations),
        'checkpoint_config': dict(by_epoch=False, interval=iterations),
        'work_dir': str(work_dir),
        **settings,
    }
    if validate:
        options['evaluation'] = dict(_delete_=True, by_epoch=False, interval=iterations, **settings['evaluation'])
    train(load_config(str(config), options), validate=validate, seed=3)
    return read_checkpoint(work_dir / 'latest.pth')


def assert_same(found: Dict[str, Any], expected: Dict[str, Any]) -> None:
    """Compare weights, averages of weights and running statistics bit by bit."""
    assert set(found['state_dict']) == set(expected['state_dict'])
    assert [k for k, v in expected['state_dict'].items() if not torch.equal(v, found['state_dict'][k])] == []


def test_a_resumed_training_is_that_of_the_cpu(config: Path, tmp_path: Path) -> None:
    """With an average of the weights, clipped gradients, and a score."""
    settings: Dict[str, Any] = dict(custom_hooks=[dict(type='EMAHook', momentum=0.5)])
    scored = dict(evaluation=dict(metric=['stq'], save_best='STQ'), **settings)
    expected = run(config, tmp_path / 'cpu', 2, **scored)
    with pretend_gpu():
        run(config, tmp_path / 'device', 1, **settings)
        found = run(config, tmp_path / 'device', 2, auto_resume=True, **scored)
    assert_same(found, expected)
    assert any(key.startswith('ema_') for key in found['state_dict'])
    scores = [sorted((tmp_path / name / 'val_predictions').rglob('*.png')) for name in ('cpu', 'device')]
    assert len(scores[0]) == 6 and [p.read_bytes() for p in scores[0]] == [p.read_bytes() for p in scores[1]]


@pytest.mark.parametrize('settings', [dict(fp16=dict(loss_scale=dict(init_scale=64.0))), dict(bf16=True)], ids=str)
def test_half_precision_trains(config: Path, tmp_path: Path, settings: Dict[str, Any]) -> None:
    """The hook of mmcv gets autocast and scaler of the CPU: what they do on a GPU only cannot be tried here."""
    with pretend_gpu():
        checkpoint = run(config, tmp_path, 1, **settings)
    scaler = checkpoint['meta'].get('fp16', {}).get('loss_scaler', {})
    assert scaler.get('scale') == (64 if 'fp16' in settings else None)
    assert all(torch.isfinite(value).all() for value in checkpoint['state_dict'].values())


def test_a_semantic_training_is_that_of_the_cpu(semantic_config: Path, tmp_path: Path) -> None:
    settings = dict(evaluation=dict(metric=['miou']))
    expected = run(semantic_config, tmp_path / 'cpu', 1, **settings)
    with pretend_gpu():
        assert_same(run(semantic_config, tmp_path / 'device', 1, **settings), expected)


def test_clips_train_and_are_scored(tmp_path: Path) -> None:
    root = street(tmp_path, 'youtube-vis')
    assert call('dataset/youtubevis2coco.py', '-i', root, '-o', root / 'annotations')[0] == 0
    settings = {f'data.{split}.data_root': str(root) for split in ('train', 'val', 'test')}
    with pretend_gpu():
        run(CLIPS, tmp_path / 'work', 1, evaluation={}, **SMALL, **settings)
    assert len(list((tmp_path / 'work/val_predictions').rglob('*.json'))) > 1


def test_images_train_and_are_scored(tmp_path: Path) -> None:
    root = street(tmp_path, 'cityscapes-step')
    settings = {f'data.{split}.data_root': str(root) for split in ('train.dataset', 'val', 'test')}
    with pretend_gpu():
        run(IMAGES, tmp_path / 'work', 1, evaluation=dict(metric=['PQ']), **SMALL, **settings)


def frames() -> List[np.ndarray]:
    """Return three pictures."""
    return list(np.random.RandomState(0).randint(0, 255, (3, 48, 80, 3), dtype=np.uint8))


@pytest.mark.parametrize('config', [IMAGES, CLIPS, STREAMS, SEMANTIC], ids=lambda path: path.stem)
def test_the_python_interface_predicts_what_the_cpu_predicts(config: Path) -> None:
    def predictions(device: Any) -> List[np.ndarray]:
        torch.manual_seed(0)
        segmenter = VideoSegmenter(str(config), device=device)
        pairs = list(segmenter.stream(frames()))
        return [getattr(p, 'masks', getattr(p, 'semantic', None)) for _, p in pairs]

    expected = predictions('cpu')
    with pretend_gpu():
        found = predictions(DEVICE)
    assert len(found) == 3 and all(np.array_equal(a, b) for a, b in zip(found, expected))
