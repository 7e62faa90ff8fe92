"""One labelled clip becomes a data set in the KITTI-STEP layout."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.utils.io import read_png, write_png_atomic

REPO = Path(__file__).resolve().parents[2]


def convert(clip: Path, dst: Path, *options: str) -> subprocess.CompletedProcess:
    command: List[str] = [
        sys.executable,
        str(REPO / 'tools/dataset/frames_to_kitti_step.py'),
        '--images',
        str(clip / 'images'),
        '--panoptic',
        str(clip / 'panoptic'),
        '--dst',
        str(dst),
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Six frames of 32x48 with one walking person."""
    folder = tmp_path / 'clip'
    (folder / 'images').mkdir(parents=True)
    for frame in range(6):
        label = np.zeros((32, 48, 3), dtype=np.uint8)
        label[:10, :, 0], label[31, :, 0] = 10, 255
        label[10:30, 4 * frame : 4 * frame + 8] = (11, 1, 44)
        cv2.imwrite(str(folder / f'images/{frame:06d}.jpg'), label * 9)
        write_png_atomic(folder / f'panoptic/{frame:06d}.png', label)
    return folder


def test_ranges_become_splits(clip: Path, tmp_path: Path) -> None:
    done = convert(clip, tmp_path / 'out', '--train', '0-2,5', '--val', '3-4', '--video', '7', '--height', '16')
    assert done.returncode == 0, done.stderr
    assert KittiStepGroundTruth(tmp_path / 'out', 'train').frames(7) == [0, 1, 2, 5]
    truth = KittiStepGroundTruth(tmp_path / 'out', 'val')
    assert truth.frames(7) == [3, 4]
    semantic, instance = truth.read(7, 3)
    assert semantic.shape == (16, 24) and set(np.unique(semantic)) <= {0, 10, 11, 255}
    assert set(np.unique(instance)) == {0, 300}
    assert read_png(tmp_path / 'out/video_sequence/val/000007_000003_leftImg8bit.png').shape == (16, 24, 3)


def test_bad_input_is_one_clear_error(clip: Path, tmp_path: Path) -> None:
    label = clip / 'panoptic/000001.png'
    good = read_png(label)
    cases = [
        (['--val', '3-9'], None, 'no image for 4 frames'),
        (['--train', '0-3', '--val', '3-4'], None, 'in both'),
        ([], None, 'nothing to do'),
        (['--val', '4-2'], None, 'ends before it starts'),
        (['--val', '1'], good[..., 0].astype(np.uint16), 'RGB label map'),
        (['--val', '1'], good[:20], '48x20'),
        (['--val', '1'], np.full_like(good, 77), 'unknown class ids'),
    ]
    for options, bad, message in cases:
        write_png_atomic(label, good if bad is None else bad)
        done = convert(clip, tmp_path / 'out', *options)
        assert done.returncode != 0 and message in done.stderr and 'Traceback' not in done.stderr, done.stderr


def test_camvid_clip(tmp_path: Path) -> None:
    clip = Path(os.environ.get('KNET_SHARED', REPO.parent / 'shared')) / 'data/real/camvid_0016E5'
    if not clip.is_dir():
        pytest.skip('the CamVid clip is not here')
    done = convert(clip, tmp_path / 'out', '--train', '0-1', '--val', '70-71', '--height', '180')
    assert done.returncode == 0, done.stderr
    semantic, instance = KittiStepGroundTruth(tmp_path / 'out', 'val').read(0, 70)
    assert semantic.shape == (180, 240) and {0, 2, 10, 13} <= set(np.unique(semantic)) and instance.max() > 0
