"""Small data sets on disk in the layouts that the data sets read."""

import shutil
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence, Tuple

import cv2
import numpy as np
import pytest

from knet.toy import make_toy_videos

from .toy_sets import CLASSES, SPEC, tool


def encode_panoptic(semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """Return (H, W) class and instance maps as KITTI-STEP RGB, (H, W, 3) uint8."""
    return np.stack([semantic, instance // 256, instance % 256], axis=-1).astype(np.uint8)


def save_png(path: Path, array: np.ndarray) -> None:
    """Write a gray or RGB array."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array if array.ndim == 2 else array[..., ::-1])


def street(frame: int, height: int = 48, width: int = 96) -> Tuple[np.ndarray, np.ndarray]:
    """Return a street: sky, road, a car (id 300) driving right, a standing person (id 2), a crowd of cars, void."""
    semantic = np.zeros((height, width), dtype=np.uint8)
    instance = np.zeros((height, width), dtype=np.int32)
    semantic[: height // 3] = 10
    x = 10 + 4 * frame
    semantic[20:30, x : x + 16], instance[20:30, x : x + 16] = 13, 300
    semantic[18:34, 70:76], instance[18:34, 70:76] = 11, 2
    semantic[16:20, 84:94] = 13
    semantic[height - 4 :] = 255
    return semantic, instance


Labels = Callable[[int], Tuple[np.ndarray, np.ndarray]]


@pytest.fixture
def kitti_root(tmp_path: Path) -> Callable[..., Path]:
    """Return a factory of a KITTI-STEP folder: ``make(videos={1: [0, 1, 2]}, split='train', labels=street)``."""

    def make(videos: Optional[Dict[int, Sequence[int]]] = None, split: str = 'train', labels: Labels = street) -> Path:
        folder = tmp_path / 'kitti' / 'video_sequence' / split
        rng = np.random.RandomState(0)
        for video, frames in (videos or {1: range(4), 3: range(4)}).items():
            for frame in frames:
                semantic, instance = labels(frame)
                stem = f'{video:06d}_{frame:06d}_'
                save_png(folder / f'{stem}leftImg8bit.png', rng.randint(0, 256, (*semantic.shape, 3), dtype=np.uint8))
                save_png(folder / f'{stem}panoptic.png', encode_panoptic(semantic, instance))
        return tmp_path / 'kitti'

    return make


@pytest.fixture
def cityscapes_root(tmp_path: Path) -> Callable[..., Path]:
    """Return a factory of a Cityscapes folder with ``count`` images of one city."""

    def make(count: int = 3, split: str = 'train', labels: Labels = street) -> Path:
        root = tmp_path / 'cityscapes'
        rng = np.random.RandomState(0)
        for frame in range(count):
            semantic, instance = labels(frame)
            thing = instance > 0
            id_map = semantic.astype(np.uint16)
            # Counting starts from 0 in these files.
            id_map[thing] = semantic[thing].astype(np.uint16) * 1000 + (instance[thing] - 1).astype(np.uint16)
            stem = f'ulm_{frame:06d}_000019_'
            save_png(
                root / 'leftImg8bit' / split / 'ulm' / f'{stem}leftImg8bit.png',
                rng.randint(0, 256, (*semantic.shape, 3), dtype=np.uint8),
            )
            save_png(root / 'gtFine' / split / 'ulm' / f'{stem}gtFine_labelTrainIds.png', semantic)
            save_png(root / 'gtFine' / split / 'ulm' / f'{stem}gtFine_instanceTrainIds.png', id_map)
        return root

    return make


@pytest.fixture(scope='session')
def originals(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Path]:
    """Return one toy set per layout, ready for the data sets."""
    roots = {layout: tmp_path_factory.mktemp('layouts') / layout for layout in CLASSES}
    for layout, root in roots.items():
        make_toy_videos(root, layout, SPEC)
    path = str(roots['cityscapes-vps'])
    assert tool('cityscapes_vps_prepare').main(['--src', path, '--dst', path]) == 0
    return roots


@pytest.fixture
def copy(originals: Dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return copies of the toy sets that a test may spoil."""
    return lambda layout: Path(shutil.copytree(str(originals[layout]), str(tmp_path / layout)))
