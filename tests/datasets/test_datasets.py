"""Data sets: what they list, what a sample holds, what they refuse."""

import random
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest
import torch
from mmcv import Config
from mmcv.parallel import collate
from mmdet.datasets import build_dataloader, build_dataset

from knet.datasets import CityscapesSTEP, KITTISTEPDVPSDataset, base
from knet.structures import PanopticPrediction

from .conftest import street

ROOT = Path(__file__).parents[2]
IDENTITY: List[Any] = []
Maker = Callable[..., Path]
PAIR_KEYS = ['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']


def shipped(name: str, root: Path, part: str, **changes: Any) -> Any:
    """Return the data set of a shipped config on a small folder, crop and scale small as well."""
    cfg = Config.fromfile(str(ROOT / 'configs' / '_base_' / 'datasets' / name)).data[part]
    inner = cfg.dataset if 'dataset' in cfg else cfg
    for step in inner.pipeline:
        step.update({key: (48, 96) for key in ('img_scale', 'crop_size') if key in step})
    inner.update(data_root=str(root), **changes)
    return build_dataset(cfg)


def test_frames_are_listed_by_number(kitti_root: Maker) -> None:
    """Videos start anywhere, have gaps, and numbers are compared as numbers."""
    dataset = KITTISTEPDVPSDataset(IDENTITY, str(kitti_root({12: [9, 7, 100], 3: [0]})))
    assert [(r.video_id, r.frame_id, r.is_first) for r in dataset.records] == [
        (3, 0, True),
        (12, 7, True),
        (12, 9, False),
        (12, 100, False),
    ]
    assert dataset.video_indices() == {3: [0], 12: [1, 2, 3]}
    assert len(dataset.flag) == len(dataset) == 4
    assert dataset.CLASSES[13] == 'car' and dataset.PALETTE[13] == [0, 0, 142]


def test_references_are_drawn_at_every_access(kitti_root: Maker) -> None:
    dataset = KITTISTEPDVPSDataset(
        IDENTITY, str(kitti_root({1: range(5), 2: [4, 7, 9], 5: [0]})), ref_seq_index=[-2, -1, 1, 2]
    )
    np.random.seed(0)
    drawn = [{dataset.draw_reference(index) for _ in range(60)} for index in range(len(dataset))]
    # Video 1 is indices 0-4, video 2 is 5-7, video 5 is 8: never across videos, never the key itself.
    assert drawn == [{1, 2}, {0, 2, 3}, {0, 1, 3, 4}, {1, 2, 4}, {2, 3}, {6, 7}, {5, 7}, {5, 6}, {8}]
    pair = dataset.sample(2)
    assert [frame['video_id'] for frame in pair] == [1, 1] and pair[0]['frame_id'] == 2


def test_training_batch_of_the_shipped_config(kitti_root: Maker) -> None:
    """Keys, shapes and types that the model is promised, for two samples."""
    dataset = shipped('kitti_step_vps.py', kitti_root(), 'train')
    np.random.seed(0)
    batch = collate([dataset[0], dataset[5]], samples_per_gpu=2)
    batch = {key: value.data[0] for key, value in batch.items()}
    assert set(batch) == {'img_metas', 'ref_img_metas', *PAIR_KEYS, *(f'ref_{key}' for key in PAIR_KEYS)}
    height, width = batch['img'].shape[2:]
    assert batch['img'].shape == (2, 3, height, width) and batch['img'].dtype == torch.float32
    assert batch['ref_img'].shape == (2, 1, 3, height, width)
    assert batch['gt_semantic_seg'].shape == (2, 1, height, width) and batch['gt_semantic_seg'].dtype == torch.int64
    assert batch['ref_gt_semantic_seg'].shape == (2, 1, 1, height, width)
    for i in range(2):
        count, ref_count = len(batch['gt_labels'][i]), len(batch['ref_gt_labels'][i])
        assert batch['gt_bboxes'][i].shape == (count, 4) and batch['ref_gt_bboxes'][i].shape == (ref_count, 5)
        assert batch['gt_instance_ids'][i].shape == (count,) and batch['gt_labels'][i].dtype == torch.int64
        assert batch['ref_gt_instance_ids'][i].shape == batch['ref_gt_labels'][i].shape == (ref_count, 2)
        assert len(batch['gt_masks'][i]) == count and len(batch['ref_gt_masks'][i][0]) == ref_count
        meta, ref_meta = batch['img_metas'][i], batch['ref_img_metas'][i][0]
        assert meta['video_id'] == ref_meta['video_id'] and meta['flip'] == ref_meta['flip']
        assert meta['frame_id'] != ref_meta['frame_id']


def test_test_sample_of_the_shipped_config(kitti_root: Maker) -> None:
    dataset = shipped('kitti_step_vps.py', kitti_root({2: [7, 9]}, split='val'), 'test')
    batch = collate([dataset[0]], samples_per_gpu=1)
    assert len(batch['img']) == 1 and batch['img'][0].shape == (1, 3, 64, 96)
    meta = batch['img_metas'][0].data[0][0]
    assert (meta['video_id'], meta['frame_id'], meta['is_first_frame']) == (2, 7, True)
    assert meta['ori_shape'] == meta['img_shape'] == (48, 96, 3) and meta['pad_shape'] == (64, 96, 3)
    assert meta['flip'] is False and meta['scale_factor'] == 1.0
    assert meta['ori_filename'] == '000002_000007_leftImg8bit.png' and meta['filename'].endswith(meta['ori_filename'])
    assert not dataset[1]['img_metas'][0].data['is_first_frame']


def test_image_batch_of_the_shipped_cityscapes_config(cityscapes_root: Maker) -> None:
    dataset = shipped('cityscapes_step.py', cityscapes_root(), 'train')
    np.random.seed(0)
    batch = {key: value.data[0] for key, value in collate([dataset[0], dataset[1]], samples_per_gpu=2).items()}
    assert set(batch) == {'img', 'img_metas', 'gt_masks', 'gt_labels', 'gt_semantic_seg'}
    assert batch['img'].shape[:2] == (*batch['gt_semantic_seg'].shape[:1], 3)
    assert batch['gt_semantic_seg'].dtype == torch.int64
    assert [meta['video_id'] for meta in batch['img_metas']] == [0, 1]
    assert all(meta['is_first_frame'] and meta['frame_id'] == 19 for meta in batch['img_metas'])


def test_both_data_sets_read_the_same_street(kitti_root: Maker, cityscapes_root: Maker) -> None:
    semantic, instance = street(0)
    for cls, root in ((KITTISTEPDVPSDataset, kitti_root()), (CityscapesSTEP, cityscapes_root())):
        dataset = cls(IDENTITY, str(root))
        found = dataset.read_panoptic(0)
        assert np.array_equal(found[0], semantic) and found[0].dtype == np.uint8
        assert np.array_equal(found[1], instance) and found[1].dtype == np.int32


def test_counted_stuff_is_stuff(cityscapes_root: Maker) -> None:
    """Cityscapes counts trucks, STEP does not tell them apart."""

    def trucks(frame: int) -> Tuple[np.ndarray, np.ndarray]:
        semantic, instance = street(frame)
        return np.where(semantic == 13, 14, semantic).astype(np.uint8), instance

    dataset = CityscapesSTEP(IDENTITY, str(cityscapes_root(labels=trucks)))
    semantic, instance = dataset.read_panoptic(0)
    assert (semantic == 14).any() and set(instance[semantic == 14]) == {0} and set(instance[semantic == 11]) == {2}
    sample = shipped('cityscapes_step.py', dataset.data_root, 'train')[0]
    assert set(sample['gt_labels'].data.tolist()) <= {0} and 14 in sample['gt_semantic_seg'].data


@pytest.mark.parametrize('name', ['kitti_step_vps.py', 'cityscapes_step.py'])
def test_a_sample_depends_on_numpys_seed_alone(kitti_root: Maker, cityscapes_root: Maker, name: str) -> None:
    """Whoever seeds NumPy per sample, worker or rank decides what is drawn."""
    dataset = shipped(name, kitti_root() if name.startswith('kitti') else cityscapes_root(), 'train')

    def draw(seed: int) -> torch.Tensor:
        np.random.seed(seed)
        torch.manual_seed(torch.seed() % 2**31)
        random.seed()
        return dataset[0]['img'].data

    draws = [draw(seed) for seed in range(4)]
    assert len({(tuple(image.shape), float(image.sum())) for image in draws}) == 4
    assert all(torch.equal(draw(seed), draws[seed]) for seed in range(4))


def test_samples_cross_process_boundaries(kitti_root: Maker) -> None:
    dataset = shipped('kitti_step_vps.py', kitti_root({1: range(2)}), 'train')
    loader = build_dataloader(dataset, 2, 1, dist=False, seed=0)
    assert sum(len(batch['img'].data[0]) for batch in loader) == 4


def nothing(frame: int) -> Tuple[np.ndarray, np.ndarray]:
    semantic, instance = street(frame)
    return np.where(np.isin(semantic, (11, 13)), 0, semantic), np.zeros_like(instance)


def test_frames_without_things_train(kitti_root: Maker) -> None:
    sample = shipped('kitti_step_vps.py', kitti_root(labels=nothing), 'train')[0]
    assert len(sample['gt_labels'].data) == 0 and sample['ref_gt_labels'].data.shape == (0, 2)


def test_one_frame_video_is_its_own_reference(kitti_root: Maker) -> None:
    sample = shipped('kitti_step_vps.py', kitti_root({4: [11]}), 'train')[0]
    assert torch.equal(sample['img'].data, sample['ref_img'].data[0])
    assert sample['gt_instance_ids'].data.tolist() == sample['ref_gt_instance_ids'].data[:, 1].tolist()


def test_rejecting_everything_ends_with_an_error(kitti_root: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, 'MAX_REJECTED', 5)
    dataset = shipped('kitti_step_vps.py', kitti_root(labels=nothing), 'train')
    dataset.dataset.pipeline.transforms[4].allow_negative_crop = False
    with pytest.raises(RuntimeError, match='5 samples in a row.*SeqRandomCropWithDepth.*allow_negative_crop=False'):
        dataset[0]


def predict(semantic: np.ndarray, instance: np.ndarray) -> PanopticPrediction:
    return PanopticPrediction(semantic=semantic, instance=instance, panoptic=instance)


@pytest.mark.parametrize('kind', ['kitti', 'cityscapes'])
def test_evaluation_of_single_images(kitti_root: Maker, cityscapes_root: Maker, kind: str) -> None:
    cls, root = (KITTISTEPDVPSDataset, kitti_root()) if kind == 'kitti' else (CityscapesSTEP, cityscapes_root())
    dataset = cls(IDENTITY, str(root), test_mode=True)
    perfect, blind = [], []
    for index in range(len(dataset)):
        semantic, instance = dataset.read_panoptic(index)
        perfect.append(dataset.pre_eval(predict(semantic, instance), index))
        # Everything but the persons is right.
        person = semantic == 11
        blind.append(dataset.pre_eval(predict(np.where(person, 0, semantic), np.where(person, 0, instance)), index))
    scores = dataset.evaluate(perfect)
    assert set(scores) == {'PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ', 'mIoU'}
    assert all(value == 1 for value in scores.values())
    scores = dataset.evaluate(blind)
    assert scores['PQ_th'] == 0.5 and 0.5 < scores['mIoU'] < 1
    assert set(dataset.evaluate(perfect, metric='mIoU')) == {'mIoU'}
    with pytest.raises(ValueError, match='unknown metrics'):
        dataset.evaluate(perfect, metric=['PQ', 'AP'])
    with pytest.raises(ValueError, match='results for'):
        dataset.evaluate(perfect[1:])
    with pytest.raises(ValueError, match='original size'):
        dataset.pre_eval(predict(semantic[1:], instance[1:]), 0)


def test_ground_truth_of_the_video_metrics(kitti_root: Maker) -> None:
    dataset = KITTISTEPDVPSDataset(IDENTITY, str(kitti_root({5: [3, 8]}, split='val')), split='val', test_mode=True)
    truth = dataset.ground_truth()
    assert truth.videos() == [5] and truth.frames(5) == [3, 8]
    for ours, theirs in zip(dataset.read_panoptic(1), truth.read(5, 8)):
        assert np.array_equal(ours, theirs)


def drop(root: Path, pattern: str) -> None:
    for path in root.rglob(pattern):
        path.unlink()


class TestRefusals:
    """A data set that cannot work is refused with a remedy when it is built."""

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match='video_sequence/train is no folder.*kitti_step_prepare'):
            KITTISTEPDVPSDataset(IDENTITY, str(tmp_path))
        with pytest.raises(FileNotFoundError, match='leftImg8bit/val is no folder'):
            CityscapesSTEP(IDENTITY, str(tmp_path), split='val')

    def test_empty_split(self, kitti_root: Maker, cityscapes_root: Maker) -> None:
        for cls, root in ((KITTISTEPDVPSDataset, kitti_root()), (CityscapesSTEP, cityscapes_root())):
            drop(root, '*_leftImg8bit.png')
            with pytest.raises(ValueError, match="'train' is empty"):
                cls(IDENTITY, str(root))

    @pytest.mark.parametrize('test_mode', [True, False])
    def test_missing_labels(self, kitti_root: Maker, test_mode: bool) -> None:
        root = kitti_root(split='val')
        drop(root, '000003_000002_panoptic.png')
        with pytest.raises(FileNotFoundError, match='1 label files.*000003_000002_panoptic.png'):
            KITTISTEPDVPSDataset(IDENTITY, str(root), split='val', test_mode=test_mode)

    def test_missing_cityscapes_labels(self, cityscapes_root: Maker) -> None:
        root = cityscapes_root()
        drop(root, '*_000001_*instanceTrainIds.png')
        with pytest.raises(FileNotFoundError, match='ulm_000001_000019_gtFine_instanceTrainIds.png'):
            CityscapesSTEP(IDENTITY, str(root))

    def test_split_test_needs_no_labels(self, kitti_root: Maker) -> None:
        root = kitti_root(split='test')
        drop(root, '*_panoptic.png')
        dataset = KITTISTEPDVPSDataset(IDENTITY, str(root), split='test', test_mode=True)
        assert len(dataset) == 8
        with pytest.raises(ValueError, match='no labels'):
            dataset.read_panoptic(0)

    @pytest.mark.parametrize(
        'name, message', [('a_b_leftImg8bit.png', 'is not SSSSSS_FFFFFF'), ('1_2_leftImg8bit.png', 'exists twice')]
    )
    def test_wrong_name(self, kitti_root: Maker, name: str, message: str) -> None:
        root = kitti_root()
        (root / 'video_sequence' / 'train' / name).touch()
        with pytest.raises(ValueError, match=f'{name}.*{message}|{message}'):
            KITTISTEPDVPSDataset(IDENTITY, str(root))

    def test_truncated_image(self, kitti_root: Maker) -> None:
        root = kitti_root()
        path = root / 'video_sequence' / 'train' / '000001_000000_leftImg8bit.png'
        path.write_bytes(path.read_bytes()[:200])
        with pytest.raises(ValueError, match='000001_000000_leftImg8bit.png.*truncated'):
            shipped('kitti_step_vps.py', root, 'train', split='train')[0]

    def test_unknown_label_space(self, kitti_root: Maker) -> None:
        with pytest.raises(KeyError, match='unknown label space'):
            KITTISTEPDVPSDataset(IDENTITY, str(kitti_root()), label_space='mars')


def test_metadata_is_small(kitti_root: Maker) -> None:
    """Metas travel to every process; they hold names and numbers only."""
    dataset = shipped('kitti_step_vps.py', kitti_root(), 'train')
    meta: Dict[str, Any] = dataset[0]['img_metas'].data
    assert set(meta) == {
        'filename',
        'ori_filename',
        'ori_shape',
        'img_shape',
        'pad_shape',
        'scale_factor',
        'flip',
        'flip_direction',
        'img_norm_cfg',
        'video_id',
        'frame_id',
        'is_first_frame',
    }
