"""Data sets that are used in some of their classes: the others are void, in training and in scores."""

from pathlib import Path
from typing import Any, List

import numpy as np
import pytest

from knet.apis import build_data, build_model, load_config
from knet.apis.agreement import check_classes_agree
from knet.datasets import CocoPanopticDatasetCustom, KITTISTEPDVPSDataset, VIPSegDVPSDataset, VSPWDataset
from knet.labels import LabelSpace, get_label_space
from knet.layouts.coco_video import per_frame
from knet.layouts.youtube_vis import read_ground_truth
from knet.structures import PanopticPrediction, Segment
from knet.utils.cli import UsageError
from knet.utils.io import read_json, write_json_atomic
from knet_vis.datasets import CocoVideoDataset
from tests.own_classes import painter
from tests.tools.conftest import ROOT

PIPELINE = [dict(type='LoadImgDirect'), dict(type='LoadAnnotationsDirect'), dict(type='KNetInsAdapterCherryPick')]


@pytest.fixture
def space(tmp_path: Path) -> LabelSpace:
    return painter.write_space(tmp_path / 'own.json', painter.MIXED)


def part(tmp_path: Path, *names: str) -> Any:
    """Return what a config says."""
    return dict(base=str(tmp_path / 'own.json'), keep=list(names))


def videos(kind: Any, write: Any, tmp_path: Path, space: LabelSpace, *kept: str) -> Any:
    write(tmp_path / 'data', space)
    return kind(PIPELINE, str(tmp_path / 'data'), split='val', label_space=part(tmp_path, *kept))


@pytest.mark.parametrize(
    'kind, write',
    [(KITTISTEPDVPSDataset, painter.write_kitti_step), (VIPSegDVPSDataset, painter.write_vipseg)],
    ids=['kitti-step', 'vipseg'],
)
def test_things_that_are_left_out_are_no_targets(kind: Any, write: Any, tmp_path: Path, space: LabelSpace) -> None:
    dataset = videos(kind, write, tmp_path, space, 'water', 'quay')
    sample = dataset[0]
    semantic, instance, _ = painter.scene(space, 9, 0)
    assert len(sample['gt_labels']) == 0 and (semantic == 1).any()
    assert np.array_equal(sample['gt_semantic_seg'], np.where(semantic == 1, 255, semantic))
    truth = dataset.ground_truth()
    video, frame = dataset.records[0].video_id, dataset.records[0].frame_id
    assert np.array_equal(truth.read(video, frame)[1], np.zeros_like(instance))


def test_stuff_that_is_left_out_is_void(tmp_path: Path, space: LabelSpace) -> None:
    sample = videos(KITTISTEPDVPSDataset, painter.write_kitti_step, tmp_path, space, 'boat', 'quay')[0]
    assert sample['gt_labels'].tolist() == [0, 0]
    assert set(np.unique(sample['gt_semantic_seg'])) == {1, 30, 255}


def test_masks_of_vspw(tmp_path: Path, space: LabelSpace) -> None:
    painter.write_vspw(tmp_path / 'data', space)
    dataset = VSPWDataset([], str(tmp_path / 'data'), split='val', label_space=part(tmp_path, 'water'))
    truth = dataset.ground_truth()
    assert set(np.unique(truth.read(0, 0)[0])) == {4, 255} and set(np.unique(truth.read_mask(0, 0))) == {5, 0}


def predict(semantic: np.ndarray, instance: np.ndarray, space: LabelSpace) -> PanopticPrediction:
    """Return a prediction that consists of the classes of a space."""
    segments: List[Segment] = []
    panoptic = np.zeros(semantic.shape, np.int32)
    for info in space.classes:
        for one in np.unique(instance[semantic == info.dataset_id]):
            mask = (semantic == info.dataset_id) & (instance == one)
            segments.append(Segment(len(segments) + 1, info.dataset_id, info.is_thing, 0.9, int(mask.sum()), 0))
            panoptic[mask] = len(segments)
    return PanopticPrediction(semantic, instance, panoptic, segments)


def test_scores_of_images(tmp_path: Path, space: LabelSpace) -> None:
    """Perfect predictions are perfect, also where they cover what is left out."""
    root = tmp_path / 'data'
    painter.write_coco(root, space)
    kept = get_label_space(part(tmp_path, 'boat', 'water'))
    files = dict(ins_ann='annotations/instances_val.json', panoptic_ann='annotations/panoptic_val.json')
    dataset = CocoPanopticDatasetCustom(
        files, [], 'panoptic_val', kept, data_root=str(root), img_prefix='val', test_mode=True
    )
    results = []
    for index, (_, _, semantic, instance, _) in enumerate(painter.frames(space, 'val')):
        everywhere = np.where(semantic == 30, 4, semantic)
        results.append(dataset.pre_eval(predict(everywhere, instance, kept), index))
    scores = dataset.evaluate(results, ['PQ', 'mIoU', 'segm'])
    assert (scores['PQ'], scores['mIoU'], scores['segm_mAP']) == (1, 1, 1)
    assert set(np.unique(dataset.read_panoptic(0)[0])) == {1, 4, 255}


def test_tracks(tmp_path: Path) -> None:
    space = painter.write_space(tmp_path / 'own.json', painter.NO_STUFF)
    painter.write_youtube_vis(tmp_path / 'data', space)
    official = tmp_path / 'data/valid.json'
    document = read_json(official)
    nowhere = [dict(document['annotations'][0], id=90 + i, category_id=i, segmentations=[None] * 3) for i in (3, 7)]
    document['annotations'] += nowhere
    write_json_atomic(official, document)
    write_json_atomic(tmp_path / 'data/frames.json', per_frame(document))
    own = part(tmp_path, 'boat', 'gull')
    dataset = CocoVideoDataset(
        'frames.json', [], own, data_root=str(tmp_path / 'data'), img_prefix='valid/JPEGImages', test_mode=True
    )
    found = dataset.ground_truth()
    assert found.categories == {3: 'boat', 12: 'gull'} and len(found.tracks[9]) == 5
    direct = read_ground_truth(official).in_classes(get_label_space(own))
    assert direct.categories == found.categories and len(direct.tracks[9]) == 5


def test_a_config_holds_its_classes(tmp_path: Path) -> None:
    """A dict replaces the name of a base config with ``_delete_``."""
    space = painter.write_space(tmp_path / 'own.json', painter.MIXED)
    painter.write_kitti_step(tmp_path / 'data', space)
    own = dict(space.to_plain(), _delete_=True)
    (tmp_path / 'c.py').write_text(
        f"_base_ = '{ROOT}/configs/toy/video_knet_toy_kitti_step.py'\n"
        f'model = dict(label_space={own})\n'
        f"data = dict(val=dict(data_root='{tmp_path / 'data'}', label_space={space.to_plain()}))\n"
    )
    cfg = load_config(str(tmp_path / 'c.py'))
    model, dataset = build_model(cfg), build_data(cfg, 'val')
    assert model.label_space.numbers_like(space) and model.rpn_head.num_classes == 3
    check_classes_agree(model, dataset)
    cfg.data.val.label_space = 'kitti_step'
    with pytest.raises(UsageError, match='must agree'):
        check_classes_agree(model, build_data(cfg, 'val'))
