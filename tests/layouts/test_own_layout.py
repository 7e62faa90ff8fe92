"""A data set that is not in the package, with own classes and own file names, needs a few lines."""

from pathlib import Path
from typing import Iterator, List, Tuple

import cv2
import numpy as np
import pytest

from knet.datasets import VideoPanopticDataset
from knet.labels import LABEL_SPACES, ClassInfo, LabelSpace, register_label_space
from knet.layouts.base import FrameRecord, VideoGroundTruth, order_frames
from knet.layouts.id_maps import join_id_map
from knet.layouts.images import read_gray
from knet.layouts.registry import LAYOUTS, get_layout, register_layout
from knet.utils.io import PathLike, write_jpeg_atomic, write_png_atomic

FARM = LabelSpace(
    'farm',
    [
        ClassInfo('meadow', (0, 128, 0), False, 0),
        ClassInfo('fence', (90, 60, 30), False, 1),
        ClassInfo('sheep', (250, 250, 240), True, 2),
    ],
)
SIZE = 24, 40
FRAMES = {3: (5, 6, 9), 11: (0, 1)}


class FarmVideos(VideoGroundTruth):
    """``ROOT/<split>/field<V>/<F>.jpg`` and ``<F>.label.png``, which holds 100 * class + animal."""

    label_space = 'farm'
    default_root = 'data/farm'

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        images = Path(root, split).glob('field*/*.jpg')
        return order_frames(
            {
                (int(path.parent.name[5:]), int(path.stem)): (str(path), (str(path.with_suffix('.label.png')),))
                for path in images
            }
        )

    @staticmethod
    def decode(path: PathLike) -> np.ndarray:
        values = read_gray(path)
        return join_id_map(values // 100, values % 100)


class FarmDataset(VideoPanopticDataset):
    layout = FarmVideos


def draw(video: int, frame: int) -> Tuple[np.ndarray, np.ndarray]:
    semantic, instance = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.int32)
    semantic[:6] = 1
    semantic[10:16, frame : frame + 8], instance[10:16, frame : frame + 8] = 2, video
    return semantic, instance


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Path]:
    register_label_space(FARM)
    register_layout('farm', FarmVideos)
    for video, frames in FRAMES.items():
        for frame in frames:
            semantic, instance = draw(video, frame)
            stem = tmp_path / 'val' / f'field{video}' / str(frame)
            write_jpeg_atomic(f'{stem}.jpg', cv2.merge([semantic * 100] * 3))
            write_png_atomic(f'{stem}.label.png', (100 * semantic + instance).astype(np.uint16))
    yield tmp_path
    del LAYOUTS['farm'], LABEL_SPACES['farm']


def test_ground_truth(farm: Path) -> None:
    truth = get_layout('farm')(farm, 'val')
    assert truth.videos() == [3, 11] and truth.frames(3) == [5, 6, 9]
    assert truth.image_path(11, 1) == farm / 'val' / 'field11' / '1.jpg'
    for found, drawn in zip(truth.read(11, 1), draw(11, 1)):
        assert np.array_equal(found, drawn)


def test_data_set(farm: Path) -> None:
    pipeline = [dict(type='LoadMultiImagesDirect'), dict(type='LoadMultiAnnotationsDirect')]
    dataset = FarmDataset(pipeline, str(farm), split='val', ref_seq_index=(-1, 1))
    assert dataset.CLASSES == ('meadow', 'fence', 'sheep') and len(dataset) == 5
    assert [(record.video_id, record.frame_id) for record in dataset.records if record.is_first] == [(3, 5), (11, 0)]
    key, reference = dataset[1]
    assert key['img'].shape == (*SIZE, 3) and reference['frame_id'] in (5, 9)
    assert np.array_equal(key['gt_id_map'], join_id_map(*draw(3, 6)))
    assert dataset.ground_truth().frames(11) == [0, 1]


def test_a_name_belongs_to_one_layout(farm: Path) -> None:
    assert register_layout('farm', FarmVideos) is FarmVideos
    with pytest.raises(ValueError, match="'kitti-step' exists already"):
        register_layout('kitti-step', FarmVideos)
    with pytest.raises(KeyError, match="unknown layout 'zoo'; known: kitti-step"):
        get_layout('zoo')
