"""Stored predictions of every layout are drawn by one command."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knet.labels import get_label_space
from knet.layouts.images import read_rgb_image
from knet.layouts.registry import LAYOUTS
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.toy import ToySpec, make_toy_videos
from knet.visualization import compare_frame, overlay, side_by_side, worst_frames

REPO = Path(__file__).parents[2]
SPEC = ToySpec(train=0, val=1, frames=6, height=48, width=96)
#: Layouts, how the toy world calls them, and the classes of the toy videos.
CASES = [
    ('kitti-step', 'kitti-step', 'kitti_step'),
    ('semantic-kitti', 'semantic-kitti', 'semantic_kitti'),
    ('cityscapes-vps', 'cityscapes-vps', 'cityscapes_panoptic'),
    ('vipseg', 'vipseg', 'vipseg'),
    ('vspw', 'vspw', 'vspw_toy'),
    ('vipseg-semantic', 'vipseg', 'vspw'),
]


def test_every_layout_is_tried() -> None:
    assert {name for name, _, _ in CASES} == set(LAYOUTS)


@pytest.mark.parametrize('name, toy, space', CASES, ids=[case[0] for case in CASES])
def test_draw(tmp_path: Path, name: str, toy: str, space: str) -> None:
    make_toy_videos(tmp_path / 'data', toy, SPEC)
    truth = LAYOUTS[name](tmp_path / 'data', 'val')
    (video,) = truth.videos()
    frames = truth.frames(video)
    with PredictionWriter(tmp_path / 'out', {}) as writer:
        for frame in frames:
            writer.write(video, frame, *truth.read(video, frame))
        writer.finish_video(video, len(frames))
    predictions, classes = PredictionReader(tmp_path / 'out'), get_label_space(space)
    image = read_rgb_image(truth.image_path(video, frames[0]))
    assert image.shape == (48, 96, 3)
    drawn = overlay(image, *truth.read(video, frames[0]), classes)
    titles = [f'image: video {video}, frame {frames[0]}', 'prediction', 'ground truth']
    picture = compare_frame(predictions, truth, classes, video, frames[0], min_width=96)
    assert np.array_equal(picture, side_by_side([image, drawn, drawn], titles))
    assert all(score.quality == 1.0 for score in worst_frames(predictions, truth, classes))


def test_command_line(tmp_path: Path) -> None:
    make_toy_videos(tmp_path / 'data', 'vipseg', SPEC)
    truth = LAYOUTS['vipseg'](tmp_path / 'data', 'val')
    with PredictionWriter(tmp_path / 'out', {}) as writer:
        for frame in truth.frames(0):
            writer.write(0, frame, *truth.read(0, frame))
        writer.finish_video(0, SPEC.frames)
    command = [sys.executable, str(REPO / 'tools' / 'visualize.py'), str(tmp_path / 'out'), str(tmp_path / 'data')]
    done = subprocess.run(
        [*command, '--data-set', 'vipseg', '--out', str(tmp_path / 'pictures'), '--worst', '1'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'pictures' / '000000.gif').is_file() and len(list((tmp_path / 'pictures/worst').iterdir())) == 1
