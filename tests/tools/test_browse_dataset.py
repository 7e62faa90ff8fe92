"""The data set browser draws what training would see."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from mmcv import Config
from mmdet.datasets import build_dataset

from knet.apis import load_config
from knet.labels import KITTI_STEP, YOUTUBE_VIS_2019
from knet.layouts.coco_video import per_frame
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import read_json, read_png, write_json_atomic
from tests.datasets.coco_mini import make_coco
from tests.datasets.conftest import cityscapes_root, kitti_root  # noqa: F401  (fixtures)
from tests.vis.vis_mini import write_official

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, 'path', [str(ROOT / 'tools' / 'misc'), *sys.path])
    import browse_dataset

    return browse_dataset


@pytest.mark.parametrize('name, fixture', [('kitti_step_vps', 'kitti_root'), ('cityscapes_step', 'cityscapes_root')])
def test_pictures(tool: ModuleType, tmp_path: Path, request: pytest.FixtureRequest, name: str, fixture: str) -> None:
    cfg = Config.fromfile(str(ROOT / 'configs' / '_base_' / 'datasets' / f'{name}.py'))
    cfg.data.train.dataset.data_root = str(request.getfixturevalue(fixture)())
    for step in cfg.data.train.dataset.pipeline:
        step.update({key: (48, 96) for key in ('img_scale', 'crop_size') if key in step})
    cfg.dump(str(tmp_path / 'config.py'))
    tool.main([str(tmp_path / 'config.py'), '--out-dir', str(tmp_path / 'out'), '--num', '2'])
    pictures = [read_png(path) for path in sorted((tmp_path / 'out').iterdir())]
    assert len(pictures) == 2
    for picture in pictures:
        assert picture.ndim == 3 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


@pytest.mark.parametrize('name', ['coco_instance', 'coco_panoptic'])
def test_pictures_of_coco(tool: ModuleType, tmp_path: Path, name: str) -> None:
    make_coco(tmp_path)
    cfg = Config.fromfile(str(ROOT / 'configs' / '_base_' / 'datasets' / f'{name}.py'))
    text = cfg.pretty_text.replace('train2017', 'val2017').replace('data/coco', str(tmp_path))
    (tmp_path / 'config.py').write_text(text)
    tool.main([str(tmp_path / 'config.py'), '--out-dir', str(tmp_path / 'out'), '--num', '2'])
    assert len(list((tmp_path / 'out').iterdir())) == 2


def test_pictures_of_samples_without_instances(tool: ModuleType, tmp_path: Path) -> None:
    make_toy_videos(tmp_path / 'vspw', 'vspw', ToySpec(train=1, val=0, frames=2, height=48, width=96))
    tool.main(
        [
            str(ROOT / 'configs/toy/video_knet_toy_vspw.py'),
            '--out-dir',
            str(tmp_path / 'out'),
            '--num',
            '1',
            '--cfg-options',
            f'data.train.data_root={tmp_path / "vspw"}',
        ]
    )
    assert len(np.unique(read_png(tmp_path / 'out' / '000.png').reshape(-1, 3), axis=0)) > 10


def test_pictures_of_clips(tool: ModuleType, tmp_path: Path) -> None:
    """All frames of a clip are drawn with their own objects; there is no key frame and no semantic map."""
    root = write_official(tmp_path / 'data')
    document = per_frame(read_json(root / 'train.json'))
    write_json_atomic(root / 'annotations/youtube_vis_2019_train.json', document)
    base, options = ROOT / 'configs/_base_/datasets/youtube_vis_2019.py', f'data.train.data_root={root}'
    tool.main([str(base), '--out-dir', str(tmp_path / 'out'), '--num', '2', '--cfg-options', options])
    assert len(list((tmp_path / 'out').iterdir())) == 2
    dataset = build_dataset(load_config(str(base), {'data.train.data_root': str(root)}).data.train)
    frames = tool.frames_of(tool.unwrap(dataset[1]))
    assert [frame['img_metas']['frame_id'] for frame in frames] == [0, 0, 1, 2, 2]
    assert [frame['gt_instance_ids'].tolist() for frame in frames] == [[1, 2], [1, 2], [1, 2], [2], [2]]
    height, width = tool.draw_frame(frames[0], YOUTUBE_VIS_2019).shape[:2]
    picture = tool.draw_sample(dataset[1], YOUTUBE_VIS_2019)
    assert picture.shape[0] > height and picture.shape[1] >= 5 * width


def test_ignored_pixels_are_black(tool: ModuleType) -> None:
    masks = type('Masks', (), dict(masks=np.zeros((0, 200, 700), np.uint8)))
    semantic = np.zeros((200, 700), np.int64)
    semantic[:50] = 255
    frame = dict(
        img=np.zeros((3, 200, 700), np.float32),
        gt_masks=masks,
        gt_labels=np.zeros(0, np.int64),
        gt_semantic_seg=semantic,
        img_metas=dict(img_norm_cfg=dict(mean=np.full(3, 200.0), std=np.ones(3), to_rgb=False)),
    )
    drawn = tool.draw_frame(frame, KITTI_STEP)
    assert (drawn[:50] == 0).all() and (drawn[60:] > 0).all()
