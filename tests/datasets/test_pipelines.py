"""Transforms: what comes out of loading, cropping and formatting."""

from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.parallel import DataContainer

from knet.datasets.pipelines import (
    ConcatVideoReferences,
    KNetInsAdapterCherryPick,
    LoadAnnotationsDirect,
    LoadImgDirect,
    LoadMultiImagesDirect,
    PadFutureMMDet,
    SeqDefaultFormatBundle,
    SeqFlipWithDepth,
    SeqRandomCropWithDepth,
    SeqResizeWithDepth,
    VideoCollect,
    cut_instances,
)
from knet.labels import KITTI_STEP
from knet.layouts.cityscapes import read_train_id_panoptic
from knet.layouts.id_maps import ID_SHIFT
from knet.layouts.kitti_step import read_rgb_panoptic

from .conftest import encode_panoptic, save_png, street


def id_map_of(semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
    return (semantic.astype(np.int32) << ID_SHIFT) + instance


def frame_of(semantic: np.ndarray, instance: np.ndarray, **extra: Any) -> Dict[str, Any]:
    """Return a loaded frame whose image spells its own label map, so that geometry can be compared."""
    id_map = id_map_of(semantic, instance)
    image = encode_panoptic(semantic, instance)
    return dict(
        img=image,
        gt_id_map=id_map,
        img_fields=['img'],
        seg_fields=['gt_id_map'],
        img_shape=image.shape,
        ori_shape=image.shape,
        label_space=KITTI_STEP,
        **extra,
    )


def frames(*numbers: int) -> List[Dict[str, Any]]:
    return [frame_of(*street(number), frame_id=number) for number in numbers]


def test_kitti_encoding_round_trip(tmp_path: Path) -> None:
    rng = np.random.RandomState(1)
    semantic, instance = rng.randint(0, 256, (20, 30)), rng.randint(0, 65536, (20, 30))
    save_png(tmp_path / 'a.png', encode_panoptic(semantic, instance))
    assert np.array_equal(read_rgb_panoptic(str(tmp_path / 'a.png')), id_map_of(semantic, instance))


def test_cityscapes_encoding(tmp_path: Path) -> None:
    save_png(tmp_path / 's.png', np.array([[0, 11, 13, 13, 255]], dtype=np.uint8))
    save_png(tmp_path / 'i.png', np.array([[0, 11000, 13, 13007, 255]], dtype=np.uint16))
    id_map = read_train_id_panoptic(str(tmp_path / 's.png'), str(tmp_path / 'i.png'))
    assert (id_map >> ID_SHIFT).tolist() == [[0, 11, 13, 13, 255]]
    # Instance 0 of the file is an instance; the bare class is a group.
    assert (id_map & 0xFFFF).tolist() == [[0, 1, 0, 8, 0]]


def test_targets_of_a_street() -> None:
    semantic, instance = street(0)
    targets = cut_instances(frame_of(semantic, instance))
    assert targets['gt_labels'].tolist() == [0, 1]
    assert targets['gt_labels'].dtype == targets['gt_instance_ids'].dtype == np.int64
    assert targets['gt_instance_ids'].tolist() == [(11 << 16) + 2, (13 << 16) + 300]
    assert targets['gt_bboxes'].tolist() == [[70, 18, 75, 33], [10, 20, 25, 29]]
    assert np.array_equal(targets['gt_masks'].masks[1], (semantic == 13) & (instance == 300))
    crowd = (semantic == 13) & (instance == 0)
    assert (targets['gt_semantic_seg'][crowd] == 255).all()
    assert np.array_equal(targets['gt_semantic_seg'][~crowd], semantic[~crowd])


def test_equal_numbers_in_two_classes_are_two_identities() -> None:
    semantic = np.repeat([[11, 13]], 4, axis=0).repeat(4, axis=1)
    targets = cut_instances(frame_of(semantic, np.full(semantic.shape, 7)))
    assert len(set(targets['gt_instance_ids'].tolist())) == 2


@pytest.mark.parametrize('allow_empty', [True, False])
def test_image_without_things(allow_empty: bool) -> None:
    frame = frame_of(np.zeros((8, 9), dtype=np.uint8), np.zeros((8, 9), dtype=np.int32))
    result = KNetInsAdapterCherryPick(allow_empty=allow_empty)(frame)
    if not allow_empty:
        assert result is None
        return
    assert result['gt_masks'].masks.shape == (0, 8, 9)
    assert result['gt_bboxes'].shape == (0, 4)
    assert result['gt_labels'].shape == (0,) and result['gt_labels'].dtype == np.int64


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31 - 1))
def test_targets_partition_the_things(seed: int) -> None:
    """Masks are disjoint; with the ignored pixels they cover the thing pixels; boxes are tight."""
    rng = np.random.RandomState(seed)
    shape = (rng.randint(1, 14), rng.randint(1, 14))
    semantic = rng.choice([0, 10, 11, 13, 255], size=shape)
    instance = np.where(np.isin(semantic, (11, 13)), rng.randint(0, 4, shape), 0)
    targets = cut_instances(frame_of(semantic, instance))
    masks = targets['gt_masks'].masks
    assert (masks.sum(axis=0) <= 1).all()
    assert masks.any(axis=(1, 2)).all()
    covered = masks.any(axis=0)
    assert np.array_equal(covered | (targets['gt_semantic_seg'] == 255), np.isin(semantic, (11, 13, 255)))
    assert not (covered & (targets['gt_semantic_seg'] == 255)).any()
    for mask, box, label in zip(masks, targets['gt_bboxes'], targets['gt_labels']):
        ys, xs = np.nonzero(mask)
        assert box.tolist() == [xs.min(), ys.min(), xs.max(), ys.max()]
        assert set(semantic[mask > 0]) == {KITTI_STEP.thing_ids[label]}


def test_key_and_reference_share_the_parameters() -> None:
    np.random.seed(0)
    pair = SeqResizeWithDepth(img_scale=(96, 48), ratio_range=[0.5, 2.0], keep_ratio=True)(frames(0, 1))
    assert pair[0]['img_shape'] == pair[1]['img_shape']
    assert pair[0]['gt_id_map'].shape == pair[0]['img_shape'][:2]
    flips = []
    for _ in range(20):
        pair = SeqFlipWithDepth(flip_ratio=0.5)(frames(0, 1))
        assert pair[0]['flip'] == pair[1]['flip']
        flips.append(pair[0]['flip'])
        for frame in pair:
            expected = encode_panoptic(*street(frame['frame_id']))
            assert np.array_equal(frame['img'], expected[:, ::-1] if frame['flip'] else expected)
    assert 0 < sum(flips) < 20


@pytest.mark.parametrize('share_params', [True, False])
def test_crop_moves_everything_together(share_params: bool) -> None:
    np.random.seed(3)
    crop = SeqRandomCropWithDepth(crop_size=(30, 40), share_params=share_params, check_id_match=False)
    shared = []
    for _ in range(20):
        pair = crop(frames(0, 0))
        shared.append(np.array_equal(pair[0]['img'], pair[1]['img']))
        for frame in pair:
            assert frame['img_shape'] == (30, 40, 3)
            image = frame['img'].astype(int)
            for mask, value in zip(frame['gt_masks'].masks, frame['gt_instance_ids']):
                identity = image[..., 0] << 16 | image[..., 1] << 8 | image[..., 2]
                assert np.array_equal(mask, identity == value)
            known = frame['gt_semantic_seg'] != 255
            assert np.array_equal(frame['gt_semantic_seg'][known], image[..., 0][known])
    assert all(shared) == share_params


def test_small_images_and_no_crop_keep_their_size() -> None:
    for size in ((400, 500), None):
        assert SeqRandomCropWithDepth(crop_size=size)(frames(0))[0]['img_shape'] == (48, 96, 3)


def test_rejection_rules_of_the_crop() -> None:
    semantic, instance = street(0)
    empty = (np.zeros_like(semantic), np.zeros_like(instance))
    stranger = (semantic, np.where(instance > 0, instance + 1, 0))

    def accepted(other: Any, **options: Any) -> bool:
        crop = SeqRandomCropWithDepth(crop_size=None, **options)
        return crop([frame_of(semantic, instance), frame_of(*other)]) is not None

    assert accepted((semantic, instance), allow_negative_crop=False)
    assert not accepted(stranger)
    assert accepted(stranger, check_id_match=False)
    assert accepted(empty)
    assert not accepted(empty, allow_negative_crop=False)


def test_pad_extends_with_void() -> None:
    frame = KNetInsAdapterCherryPick()(frame_of(*street(0, height=40, width=90)))
    padded = PadFutureMMDet(size_divisor=32)(frame)
    assert padded['img'].shape == padded['pad_shape'] == (64, 96, 3)
    assert padded['img_shape'] == (40, 90, 3)
    assert (padded['gt_semantic_seg'][40:] == 255).all() and (padded['gt_semantic_seg'][:, 90:] == 255).all()
    assert padded['gt_semantic_seg'].dtype == np.int64
    assert padded['gt_masks'].masks.shape[1:] == (64, 96)
    assert padded['gt_masks'].masks[:, 40:].sum() == 0


def test_format_of_a_pair() -> None:
    pair = SeqRandomCropWithDepth(crop_size=None)(frames(0, 1))
    for frame in pair:
        frame['img'] = frame['img'].astype(np.float32)
    keys = ['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']
    sample = SeqDefaultFormatBundle()(ConcatVideoReferences()(VideoCollect(keys)(pair)))
    assert set(sample) == {'img_metas', 'ref_img_metas', *keys, *(f'ref_{key}' for key in keys)}
    assert all(isinstance(value, DataContainer) for value in sample.values())
    content = {key: value.data for key, value in sample.items()}
    assert content['img'].shape == (3, 48, 96) and content['ref_img'].shape == (1, 3, 48, 96)
    assert np.array_equal(content['ref_img'][0].numpy(), pair[1]['img'].transpose(2, 0, 1))
    assert content['gt_semantic_seg'].shape == (1, 48, 96) and content['ref_gt_semantic_seg'].shape == (1, 1, 48, 96)
    assert content['ref_gt_bboxes'].tolist() == np.insert(pair[1]['gt_bboxes'], 0, 0, axis=1).tolist()
    assert content['ref_gt_instance_ids'].tolist() == [[0, i] for i in pair[1]['gt_instance_ids']]
    assert content['ref_gt_labels'].tolist() == [[0, 0], [0, 1]]
    assert content['ref_img_metas'][0]['frame_id'] == 1 and len(content['ref_gt_masks']) == 1


def test_two_references_are_told_apart() -> None:
    shots = SeqRandomCropWithDepth(crop_size=None)(frames(0, 1, 2))
    merged = ConcatVideoReferences()(VideoCollect(['img', 'gt_labels', 'gt_instance_ids'])(shots))[1]
    assert merged['img'].shape == (48, 96, 3, 2)
    assert merged['gt_labels'].tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_collect_names_the_missing_step() -> None:
    with pytest.raises(KeyError, match='SeqRandomCropWithDepth'):
        VideoCollect(['img', 'gt_masks'])(frames(0))


class TestBadFiles:
    """Every fault of a file is one error that names it."""

    @staticmethod
    def load(root: Path, image: np.ndarray, labels: np.ndarray) -> None:
        save_png(root / 'image.png', image)
        save_png(root / 'labels.png', labels)
        frame = dict(
            filename=str(root / 'image.png'),
            ann=(str(root / 'labels.png'),),
            ann_reader=read_rgb_panoptic,
            label_space=KITTI_STEP,
        )
        LoadAnnotationsDirect()(LoadImgDirect()(frame))

    colour, gray = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.uint8)

    @pytest.mark.parametrize(
        'image, labels, message',
        [
            (colour.astype(np.uint16), colour, r'image\.png.*8-bit.*uint16'),
            (gray, colour, r'image\.png.*3 colour channels'),
            (colour, colour.astype(np.uint16), r'labels\.png.*8-bit.*found 16-bit RGB'),
            (colour, gray, r'labels\.png.*8-bit RGB.*found 8-bit gray'),
            (colour, colour[:3], r'labels\.png.*\(3, 6\).*\(4, 6\).*image\.png'),
            (colour, colour + np.array([77, 0, 0], np.uint8), r'labels\.png.*unknown class ids \[77\]'),
        ],
    )
    def test_wrong_content(self, tmp_path: Path, image: np.ndarray, labels: np.ndarray, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            self.load(tmp_path, image, labels)

    def test_good_content(self, tmp_path: Path) -> None:
        self.load(tmp_path, self.colour, self.colour)

    def test_cityscapes_sizes(self, tmp_path: Path) -> None:
        save_png(tmp_path / 's.png', self.gray)
        save_png(tmp_path / 'i.png', np.zeros((4, 5), np.uint16))
        with pytest.raises(ValueError, match=r'i\.png.*\(4, 5\).*\(4, 6\)'):
            read_train_id_panoptic(str(tmp_path / 's.png'), str(tmp_path / 'i.png'))

    def test_reference_of_another_size(self, tmp_path: Path) -> None:
        save_png(tmp_path / 'a.png', self.colour)
        save_png(tmp_path / 'b.png', self.colour[:3])
        with pytest.raises(ValueError, match=r'b\.png.*one size'):
            LoadMultiImagesDirect()([dict(filename=str(tmp_path / name)) for name in ('a.png', 'b.png')])


@pytest.mark.parametrize('crop_size', [(0, 5), (5,), (-1, 4)])
def test_wrong_crop_size(crop_size: Any) -> None:
    with pytest.raises(ValueError, match='crop_size'):
        SeqRandomCropWithDepth(crop_size=crop_size)


def test_cut_after_flip_is_contiguous_for_opencv(kitti_root: Callable[..., Path]) -> None:
    """Flipping gives views with negative strides; padding with OpenCV must still work."""
    pair = SeqRandomCropWithDepth(crop_size=(40, 90))(SeqFlipWithDepth(flip_ratio=1.0)(frames(0, 1)))
    padded = PadFutureMMDet(size_divisor=32)(pair[0])
    assert padded['gt_masks'].masks.shape[1:] == (64, 96)
