"""Label maps and their images, and the stamps that tell whether the files of a video have changed."""

import json
import os
import shutil
from pathlib import Path
from typing import Callable, Dict

import numpy as np
import pytest

from knet.layouts.base import VideoGroundTruth
from knet.layouts.registry import LAYOUTS
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import write_png_atomic

SPEC = ToySpec(train=0, val=2, frames=5, height=32, width=48)
VIDEO = '5000_toystreet'
#: The image of a frame in each layout.
IMAGES = {
    'kitti-step': 'video_sequence/val/005000_000001_leftImg8bit.png',
    'semantic-kitti': 'video_sequence/val/005000_000001_leftImg8bit.png',
    'vipseg': f'images/{VIDEO}/00000001.jpg',
    'vspw': f'data/{VIDEO}/origin/00000001.jpg',
}


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes toy videos in a layout."""

    def write(layout: str) -> Path:
        make_toy_videos(tmp_path / 'data', layout, SPEC)
        return tmp_path / 'data'

    return write


def names(truth: VideoGroundTruth, video: int) -> Dict[int, str]:
    return {frame: truth.path(video, frame).name for frame in truth.frames(video)}


@pytest.mark.parametrize('layout', IMAGES)
def test_a_label_map_without_image_is_refused_where_labels_are_asked_for(
    make: Callable[[str], Path], layout: str
) -> None:
    root = make(layout)
    (root / IMAGES[layout]).unlink()
    with pytest.raises(ValueError, match=rf'there is no .*{Path(IMAGES[layout]).name} \(1 label maps are without'):
        LAYOUTS[layout].list_frames(root, 'val')
    assert len(LAYOUTS[layout].list_frames(root, 'val', labelled=False)) == 2 * SPEC.frames - 1


def test_labels_of_vipseg_have_the_positions_of_their_images(make: Callable[[str], Path]) -> None:
    root, layout = make('vipseg'), LAYOUTS['vipseg']
    for stem in ('00000000', '00000002'):
        (root / f'panomasks/{VIDEO}/{stem}.png').unlink()
    labelled = {1: '00000001.png', 3: '00000003.png', 4: '00000004.png'}
    assert names(layout(root), 0) == labelled
    assert names(layout(root), 1) == {frame: f'{frame:08d}.png' for frame in range(SPEC.frames)}
    shutil.rmtree(root / 'images' / VIDEO)
    assert names(layout(root), 0) == dict(enumerate(labelled.values()))
    (root / 'images' / VIDEO).mkdir()
    assert names(layout(root), 0) == dict(enumerate(labelled.values()))


def test_a_label_map_of_vipseg_without_image_has_no_position(make: Callable[[str], Path]) -> None:
    root = make('vipseg')
    (root / IMAGES['vipseg']).unlink()
    with pytest.raises(ValueError, match=r'00000001\.png: there is no .*00000001\.jpg'):
        LAYOUTS['vipseg'](root)


@pytest.mark.parametrize(
    'layout, ending',
    [('kitti-step', 'depth.png'), ('semantic-kitti', 'depth_718.png'), ('semantic-kitti', 'depth.png')],
)
def test_stamps_cover_the_depth_of_their_video(make: Callable[[str], Path], layout: str, ending: str) -> None:
    root, truth = make(layout), LAYOUTS[layout]
    stamps = [[truth(root).stamp(video) for video in (5000, 5001)]]
    path = root / f'video_sequence/val/005000_000003_{ending}'
    for value in (1, 2):
        write_png_atomic(path, np.full((32, 48), value, np.uint16))
        os.utime(path, ns=(value, value))
        stamps.append([truth(root).stamp(video) for video in (5000, 5001)])
    assert len({first for first, _ in stamps}) == 3 and len({second for _, second in stamps}) == 1
    assert truth(root).only(5000).stamp(5000) == stamps[-1][0]


def test_stamps_cover_the_json_file(make: Callable[[str], Path]) -> None:
    root, truth = make('cityscapes-vps'), LAYOUTS['cityscapes-vps']
    before = truth(root).stamp(5000)
    assert truth(root).stamp(5000) == before
    path = root / 'panoptic_gt_val_city_vps.json'
    path.write_text(json.dumps(dict(json.loads(path.read_text()), info='corrected')))
    assert truth(root).stamp(5000) != before


def test_stamps_cover_the_positions_of_label_maps(make: Callable[[str], Path]) -> None:
    root, truth = make('vipseg'), LAYOUTS['vipseg']
    before = truth(root).stamp(0)
    (root / f'images/{VIDEO}/00000000_5.jpg').write_bytes(b'a frame in between')
    assert truth(root).stamp(0) != before and truth(root).stamp(1) == truth(root).only(1).stamp(1)
