"""tools/test.py, the validation of image models, benchmark and operation counts."""
import json
from pathlib import Path
from typing import Tuple

import pytest
import torch

from .conftest import CONFIG, ROOT, call

#: The tiny network of CONFIG as an image model on Cityscapes-STEP.
IMAGE_CONFIG = (
    CONFIG.replace('video_knet_s3_r50_fpn_step', 'knet_s3_r50_fpn_step').replace('kitti_step_vps', 'cityscapes_step'))


@pytest.fixture(scope='module')
def image_model(tmp_path_factory: pytest.TempPathFactory) -> Tuple[Path, Path]:
    """Config of an image model on toy pictures, and a checkpoint of random weights."""
    from knet.apis import build_model, load_config
    from knet.datasets.toy import ToySpec, make_toy_videos
    folder = tmp_path_factory.mktemp('image')
    make_toy_videos(folder / 'city', 'cityscapes-step', ToySpec(train=1, val=2, frames=2, height=64, width=160))
    text = IMAGE_CONFIG.format(root=ROOT, data=folder / 'city')
    start, end = text.index('    track_head='), text.index('    test_cfg=')
    text = text[:start] + text[end:]
    start, end = text.index('train_pipeline'), text.index('data = dict(')
    path = folder / 'tiny_image.py'
    path.write_text((text[:start] + text[end:]).replace(', pipeline=train_pipeline', ''))
    torch.manual_seed(0)
    torch.save(build_model(load_config(str(path))).state_dict(), str(folder / 'weights.pth'))
    return path, folder / 'weights.pth'


def test_images_are_scored_stored_and_drawn(image_model: Tuple[Path, Path], tmp_path: Path) -> None:
    code, text, err = call('test.py', *image_model, '--eval', 'PQ', 'mIoU', '--out', tmp_path / 'out', '--show-dir',
                           tmp_path / 'show', '--json', tmp_path / 'scores.json')
    assert code == 0 and 'PQ' in text, err
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert {'PQ', 'mIoU'} <= set(scores) and all(0 <= value <= 100 for value in scores.values())
    for folder, ending in (('out', '_cat.png'), ('out', '_ins.png'), ('show', '.jpg')):
        assert len(list((tmp_path / folder).rglob(f'*{ending}'))) == 4


def test_benchmark_reports_ratios(tmp_path: Path) -> None:
    code, text, err = call('benchmark.py', 'stq', '--videos', 1, '--frames', 2, '--size', 48, 96, '--repeat', 1,
                           '--json', tmp_path / 'numbers.json')
    assert code == 0, err
    assert text.splitlines()[-3].split()[:2] == ['what', 'median']
    result = json.loads((tmp_path / 'numbers.json').read_text())['results']['stq']
    assert result['yardstick_name'] == 'matmul' and result['ratio'] > 0
    assert result['ours']['cpu']['median'] >= 0 and result['ours']['peak_rss_gib'] > 0


@pytest.mark.skipif(not hasattr(torch.utils, 'flop_counter') and torch.__version__ < '2.1', reason='torch < 2.1')
def test_operations_are_counted(toy_config: Path) -> None:
    code, text, err = call('analysis_tools/get_flops.py', toy_config, '--shape', 60, 130)
    assert code == 0, err
    assert 'input: 3 x 64 x 160' in text and 'ResNet' in text and 'parameters: ' in text
