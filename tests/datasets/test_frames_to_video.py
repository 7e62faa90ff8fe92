"""One labelled clip, in four forms, becomes a video data set in three layouts."""

from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
from pycocotools import mask as mask_api

from knet.labels import VIPSEG
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.layouts.vipseg import VIPSegGroundTruth
from knet.layouts.youtube_vis import read_ground_truth
from knet.utils.io import read_json, read_png, write_json_atomic
from tests.tools.conftest import call

from .labelled_clip import CAR, FRAMES, PERSON, ROAD, SIZE, coco, maps, source, write_clip

TOOL = 'dataset/frames_to_video.py'
FORMS = ('coco', 'labelme', 'pairs', 'panoptic')


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / 'clip')


def convert(*args: Any) -> str:
    code, out, err = call(TOOL, *args)
    assert code == 0, err
    return out


@pytest.mark.parametrize('form', FORMS)
def test_every_form_becomes_the_same_videos(clip: Path, form: str) -> None:
    out = convert(*source(clip, form), '--dst', clip / 'out', '--train', '0-2', '--val', '3', '--video', 7)
    assert '3 frames for train and 1 frames for val' in out and 'note' not in out
    truth = KittiStepGroundTruth(clip / 'out', 'train')
    assert truth.frames(7) == [0, 1, 2] and KittiStepGroundTruth(clip / 'out', 'val').frames(7) == [3]
    ids: Dict[int, set] = {CAR: set(), PERSON: set()}
    for frame in range(3):
        semantic, instance = truth.read(7, frame)
        expected, tracks = maps(frame)
        assert (semantic == expected).all() and ((instance > 0) == (tracks > 0)).all()
        for dataset_id, seen in ids.items():
            seen |= set(instance[semantic == dataset_id].tolist())
        assert read_png(truth.image_path(7, frame)).shape == (*SIZE, 3)
    assert len(ids[CAR]) == 1 and len(ids[PERSON]) == 1 and ids[CAR] != ids[PERSON]


def test_vipseg(clip: Path) -> None:
    options = [*source(clip, 'coco'), '--layout', 'vipseg', '--dst', clip / 'out', '--height', '16']
    convert(*options, '--train', '0-1', '--val', '2-3')
    convert(*options, '--train', '2', '--video', '1')
    convert(*options, '--train', '2', '--video', '1')
    truth = VIPSegGroundTruth(clip / 'out', 'train')
    assert truth.video_names(clip / 'out', 'train') == {0: '000000_train', 1: '000001_train'}
    semantic, instance = truth.read(0, 1)
    names = {info.name: info.dataset_id for info in VIPSEG.classes}
    assert semantic.shape == (16, 24)
    assert set(np.unique(semantic)) == {names['road'], names['car'], names['person'], VIPSEG.void}
    assert set(np.unique(instance[semantic == names['car']])) == {1}
    assert len(VIPSegGroundTruth.list_frames(clip / 'out', 'val')) == 2


def test_youtube_vis_holds_the_things_of_several_videos(clip: Path, tmp_path: Path) -> None:
    data = coco()
    data['categories'][0]['name'] = 'sedan'
    write_json_atomic(clip / 'coco.json', data)
    options = [*source(clip, 'coco'), '--layout', 'youtube-vis', '--dst', clip / 'out', '--void', 'road']
    convert(*options, '--val', f'0-{FRAMES - 1}')
    convert(*options, '--val', '1-2', '--video', '4')
    convert(*options, '--val', '1-2', '--video', '4')
    truth = read_ground_truth(clip / 'out/valid.json')
    assert truth.videos == {1: (4, SIZE), 5: (2, SIZE)}
    person, car = truth.tracks[1]
    assert [truth.categories[track['category_id']] for track in (person, car)] == ['person', 'sedan']
    assert [code is None for code in person['segmentations']] == [True, False, False, False]
    assert (mask_api.decode(car['segmentations'][3]) == (maps(3)[0] == CAR)).all()
    out = call('dataset/youtubevis2coco.py', '-i', clip / 'out', '-o', clip / 'out/annotations')
    assert out[0] == 0, out[2]
    assert len(read_json(clip / 'out/annotations/youtube_vis_2019_valid.json', 'images')['images']) == 6


def test_objects_without_track_are_new_in_every_frame(clip: Path) -> None:
    write_json_atomic(clip / 'coco.json', coco(tracks=False))
    out = convert(*source(clip, 'coco'), '--dst', clip / 'out', '--train', '0-3')
    assert 'note: 7 things have no track' in out
    truth = KittiStepGroundTruth(clip / 'out', 'train')
    cars = [set(np.unique(instance[semantic == CAR])) for semantic, instance in map(truth.read, [0] * 4, range(4))]
    assert len(set.union(*cars)) == 4


def test_crowds_and_stuff_have_no_instance(clip: Path) -> None:
    data = coco()
    for annotation in data['annotations']:
        annotation['iscrowd'] = int(annotation['category_id'] == 3)
    write_json_atomic(clip / 'coco.json', data)
    convert(*source(clip, 'coco'), '--dst', clip / 'out', '--train', '1')
    semantic, instance = KittiStepGroundTruth(clip / 'out', 'train').read(0, 1)
    assert not instance[np.isin(semantic, [PERSON, ROAD])].any() and instance[semantic == CAR].all()
