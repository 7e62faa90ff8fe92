"""VSPW on disk, as made from toy streets, and what the data set says about bad input."""

import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
from mmdet.datasets import build_dataset

from knet.datasets import VIPSegSemanticDataset, VSPWDataset
from knet.datasets.pipelines import SeqPhotoMetricDistortion
from knet.labels import VIPSEG, VSPW, VSPW_TOY
from knet.layouts.images import read_rgb_image
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import read_png, write_png_atomic

SPEC = ToySpec(train=2, val=1, frames=3, height=48, width=96, void=1.0)
LOAD = [dict(type='LoadMultiImagesDirect'), dict(type='LoadMultiAnnotationsDirect')]
TRAIN = [
    *LOAD,
    dict(type='SeqResizeWithDepth', img_scale=(96, 48), ratio_range=[0.5, 2.0], keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=(48, 48), share_params=True),
    dict(type='SeqPhotoMetricDistortion'),
    dict(type='SeqNormalizeWithDepth', mean=[0, 0, 0], std=[1, 1, 1], to_rgb=False),
    dict(type='SeqPadWithDepth', size=(48, 48)),
    dict(type='VideoCollect', keys=['img', 'gt_semantic_seg']),
    dict(type='ConcatVideoReferences'),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]


@pytest.fixture(scope='module')
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('vspw') / 'set'
    make_toy_videos(root, 'vspw', SPEC)
    return root


def test_label_space() -> None:
    """124 stuff classes in VIPSeg's order; that space numbers stuff first."""
    assert (VSPW.num_things, VSPW.num_stuff, VSPW.void) == (0, 124, 255)
    assert (VSPW.names[0], VSPW.names[60], VSPW.names[123]) == ('wall', 'person', 'train')
    assert sorted(VSPW.names) == sorted(VIPSEG.names)
    assert set(VSPW_TOY.classes) <= set(VSPW.classes) and VSPW_TOY.num_classes == 8


def test_miniature_says_what_the_street_shows(streets: Path) -> None:
    """Masks hold class + 1, void 255; pictures lose little in JPEG."""
    assert (streets / 'val.txt').read_text() == '5000_toystreet\n'
    street = next(iter(SPEC.videos('val')))[1].render_frame(1)
    folder = streets / 'data' / '5000_toystreet'
    mask = read_png(folder / 'mask' / '00000002.png')
    for train_id, name in ((0, 'road'), (10, 'sky'), (11, 'person'), (13, 'car'), (8, 'tree')):
        assert np.array_equal(mask == VSPW.names.index(name) + 1, street.semantic == train_id), name
    assert np.array_equal(mask == 255, street.semantic == 255) and (mask == 255).any()
    picture = read_rgb_image(str(folder / 'origin' / '00000002.jpg'))
    assert np.abs(picture.astype(int) - street.image).mean() < 8


def test_pairs(streets: Path) -> None:
    dataset = build_dataset(dict(type='VSPWDataset', data_root=str(streets), ref_seq_index=[-1, 1], pipeline=TRAIN))
    assert len(dataset) == 6 and VSPW.names == dataset.CLASSES
    np.random.seed(0)
    sample = dataset[1]
    shapes = {key: tuple(value.data.shape) for key, value in sample.items() if hasattr(value.data, 'shape')}
    assert shapes == dict(
        img=(3, 48, 48), gt_semantic_seg=(1, 48, 48), ref_img=(1, 3, 48, 48), ref_gt_semantic_seg=(1, 1, 48, 48)
    )
    key, ref = sample['img_metas'].data, sample['ref_img_metas'].data[0]
    assert (key['video_id'], key['frame_id'], key['is_first_frame']) == (0, 2, False)
    assert ref['video_id'] == 0 and ref['frame_id'] in (1, 3)
    assert set(np.unique(sample['gt_semantic_seg'].data)) <= {*VSPW_TOY.dataset_ids, 255}


def test_single_frames_share_the_pipeline(streets: Path) -> None:
    dataset = VSPWDataset(TRAIN, str(streets))
    assert set(dataset[0]) == {'img', 'gt_semantic_seg', 'img_metas'}


def test_ground_truth_matches_the_records(streets: Path) -> None:
    dataset = VSPWDataset([], str(streets), split='val', test_mode=True)
    truth = dataset.ground_truth()
    assert truth.names == ['5000_toystreet'] and truth.frames(0) == [1, 2, 3] and truth.frames(7) == []
    semantic, instance = truth.read(0, 1)
    assert np.array_equal(semantic, dataset.read_panoptic(0)[0]) and not instance.any()


def test_distortion_is_the_same_for_all_frames() -> None:
    image = np.random.RandomState(0).randint(0, 256, (8, 9, 3), dtype=np.uint8)
    np.random.seed(3)
    first, second = SeqPhotoMetricDistortion()([dict(img=image.copy()), dict(img=image.copy())])
    assert np.array_equal(first['img'], second['img']) and not np.array_equal(first['img'], image)
    third = SeqPhotoMetricDistortion()([dict(img=image.copy())])[0]
    assert not np.array_equal(first['img'], third['img'])


def test_vipseg_as_a_semantic_data_set(tmp_path: Path) -> None:
    (tmp_path / 'train.txt').write_text('v\n')
    for number in (1, 2):
        write_png_atomic(tmp_path / f'images/v/{number:08d}.png', np.zeros((48, 48, 3), np.uint8))
        label = np.full((48, 48), 2 * number, np.uint16)
        label[:9] = 6101
        write_png_atomic(tmp_path / f'panomasks/v/{number:08d}.png', label)
    dataset = VIPSegSemanticDataset(TRAIN[:2], str(tmp_path), ref_seq_index=[1])
    key, ref = dataset[0]
    assert np.unique(key['gt_id_map'] >> 16).tolist() == [1, 60]
    assert np.unique(ref['gt_id_map'] >> 16).tolist() == [3, 60] and not (ref['gt_id_map'] & 0xFFFF).any()
    assert np.unique(dataset.ground_truth().read(0, 2)[0]).tolist() == [3, 60]


VIDEO = 'data/0000_toystreet'


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda root: (root / 'train.txt').unlink(), 'train.txt: no such file'),
        (lambda root: (root / 'train.txt').write_text(''), 'train.txt: names no video'),
        (lambda root: (root / 'train.txt').write_text('a\na\n'), 'video a is named 2 times'),
        (lambda root: shutil.rmtree(root / VIDEO), '0000_toystreet/origin: no such folder'),
        (lambda root: [path.unlink() for path in (root / VIDEO / 'origin').iterdir()], 'origin: no FFFFFFFF.jpg in it'),
        (lambda root: (root / VIDEO / 'origin/x.jpg').write_bytes(b''), 'x.jpg: the name is no frame number'),
        (lambda root: (root / VIDEO / 'origin/1.jpg').write_bytes(b''), 'frame 1 exists twice'),
        (lambda root: (root / VIDEO / 'mask/00000001.png').unlink(), '1 label files are missing'),
        (
            lambda root: write_png_atomic(root / VIDEO / 'mask/00000001.png', np.full((48, 96), 200, np.uint8)),
            'value 200 is no class of VSPW',
        ),
        (
            lambda root: write_png_atomic(root / VIDEO / 'mask/00000001.png', np.ones((48, 90), np.uint8)),
            r'size \(48, 90\) differs',
        ),
        (
            lambda root: (root / VIDEO / 'origin/00000001.jpg').write_bytes(b'\xff\xd8\xff'),
            '00000001.jpg: truncated or damaged JPEG',
        ),
        (
            lambda root: (root / VIDEO / 'origin/00000001.jpg').write_bytes(
                (root / VIDEO / 'origin/00000002.jpg').read_bytes()[:-900]
            ),
            '00000001.jpg: truncated or damaged JPEG',
        ),
        (
            lambda root: write_png_atomic(root / VIDEO / 'origin/00000001.jpg', np.ones((48, 96, 3), np.uint8)),
            '00000001.jpg: not a JPEG image',
        ),
    ],
)
def test_bad_input(streets: Path, tmp_path: Path, spoil: Callable[[Path], Any], message: str) -> None:
    root = tmp_path / 'set'
    shutil.copytree(streets, root)
    spoil(root)
    with pytest.raises((FileNotFoundError, ValueError), match=message):
        VSPWDataset(TRAIN, str(root))[0]


def test_labels_outside_a_narrower_label_space(streets: Path, tmp_path: Path) -> None:
    root = tmp_path / 'set'
    shutil.copytree(streets, root)
    write_png_atomic(root / VIDEO / 'mask/00000001.png', np.ones((48, 96), np.uint8))
    with pytest.raises(ValueError, match=r"unknown class ids \[0\]; the label space 'vspw_toy'"):
        VSPWDataset(TRAIN, str(root), label_space='vspw_toy')[0]


def test_only_the_test_split_may_be_without_masks(streets: Path, tmp_path: Path) -> None:
    root = tmp_path / 'set'
    shutil.copytree(streets, root)
    shutil.move(str(root / 'val.txt'), str(root / 'test.txt'))
    shutil.rmtree(root / 'data/5000_toystreet/mask')
    dataset = VSPWDataset([], str(root), split='test', test_mode=True)
    assert len(dataset) == 3
    with pytest.raises(FileNotFoundError, match='label files are missing'):
        VSPWDataset([], str(root), split='test')


def test_numbers_of_videos_are_lines(streets: Path, tmp_path: Path) -> None:
    root: Path = tmp_path / 'set'
    shutil.copytree(streets, root)
    (root / 'train.txt').write_text('0001_toystreet\n\n0000_toystreet\n')
    dataset = VSPWDataset([], str(root))
    videos: Dict[int, List[int]] = dict(dataset.video_indices())
    assert videos == {0: [0, 1, 2], 1: [3, 4, 5]} and '0001_toystreet' in dataset.records[0].image
    assert [record.is_first for record in dataset.records] == [True, False, False] * 2
