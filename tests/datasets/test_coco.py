"""COCO instance, COCO panoptic, Cityscapes panoptic: samples, scores computed by hand, refusals."""

import json
import pickle
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np
import pytest
import torch
from mmcv import Config
from mmcv.parallel import collate
from mmdet.datasets import build_dataset

from knet.datasets import CityscapesPanopticDataset, CocoInstanceDataset, CocoPanopticDatasetCustom
from knet.evaluation.pq import PanopticQuality
from knet.labels import COCO_PANOPTIC
from knet.structures import InstancePrediction
from knet.utils.io import read_png

from .coco_mini import CAR, GRASS, PERSON, ROAD, SIZE, SKY, as_instances, imperfect, make_coco, perfect
from .conftest import save_png

ROOT = Path(__file__).parents[2]
FILES = dict(ins_ann='annotations/instances_val2017.json', panoptic_ann='annotations/panoptic_val2017.json')


def panoptic_data(root: Path, **changes: Any) -> CocoPanopticDatasetCustom:
    return CocoPanopticDatasetCustom(
        **{
            **dict(
                ann_file=FILES,
                pipeline=[],
                data_root=str(root),
                img_prefix='val2017',
                seg_prefix='panoptic_val2017',
                test_mode=True,
            ),
            **changes,
        }
    )


def instance_data(root: Path, **changes: Any) -> CocoInstanceDataset:
    return CocoInstanceDataset(
        **{
            **dict(ann_file=FILES['ins_ann'], pipeline=[], data_root=str(root), img_prefix='val2017', test_mode=True),
            **changes,
        }
    )


def shipped(name: str, root: Path) -> Any:
    """Return the training set of a shipped config on the two images, small scale, no flip."""
    cfg = Config.fromfile(str(ROOT / 'configs' / name)).data.train
    cfg.dataset.update(data_root=str(root), img_prefix='val2017')
    if isinstance(cfg.dataset.ann_file, dict):
        cfg.dataset.update(ann_file=FILES, seg_prefix='panoptic_stuff_val2017')
    else:
        cfg.dataset.update(ann_file=FILES['ins_ann'])
    for step in cfg.dataset.pipeline:
        if step.type == 'Resize':
            step.update(img_scale=SIZE[::-1], multiscale_mode='value')
        if step.type == 'RandomFlip':
            step.flip_ratio = 0.0
    return build_dataset(cfg)


# ---------------------------------------------------------------- samples
@pytest.mark.parametrize(
    'name', ['_base_/datasets/coco_panoptic.py', 'det/common/mstrain_3x_coco_panoptic_inst_anno.py']
)
def test_panoptic_batch(tmp_path: Path, name: str) -> None:
    """Things from the json without the crowd, stuff in dataset ids, void and things 255, an image without things."""
    dataset = shipped(name, make_coco(tmp_path))
    times = 3 if '3x' in name else 1
    assert len(dataset) == 2 * times and len(dataset.dataset.CLASSES) == 133
    batch = {key: value.data[0] for key, value in collate([dataset[0], dataset[1]], samples_per_gpu=2).items()}
    assert set(batch) == {'img', 'img_metas', 'gt_labels', 'gt_masks', 'gt_semantic_seg'}
    assert batch['img'].shape == (2, 3, 64, 64) and batch['img'].dtype == torch.float32
    assert [labels.tolist() for labels in batch['gt_labels']] == [[2, 0], []]
    assert [masks.areas.tolist() for masks in batch['gt_masks']] == [[200, 96], []]
    semantic = batch['gt_semantic_seg']
    assert semantic.shape == (2, 1, 64, 64) and semantic.dtype == torch.int64
    counts = [dict(zip(*(v.tolist() for v in image.unique(return_counts=True)))) for image in semantic]
    assert counts[0] == {SKY: 1188, ROAD: 764, 255: 64 * 64 - 1188 - 764}
    assert counts[1] == {SKY: 1200, GRASS: 1200, 255: 64 * 64 - 2400}


def test_instance_batch(tmp_path: Path) -> None:
    """Images without an instance are left out of training, as MMDetection does, but not out of a test."""
    root = make_coco(tmp_path)
    dataset = shipped('det/common/mstrain_3x_coco_instance.py', root)
    sample = dataset[0]
    assert len(dataset) == 3 and set(sample) == {'img', 'img_metas', 'gt_labels', 'gt_masks'}
    assert sample['gt_labels'].data.tolist() == [2, 0]
    assert len(instance_data(root)) == 2
    assert len(instance_data(root, test_mode=False, filter_empty_gt=False)) == 2


def test_masks_that_vanish_are_no_targets(tmp_path: Path) -> None:
    """At a twentieth of the size, the car lies between the pixels."""
    dataset = shipped('det/common/mstrain_3x_coco_instance.py', make_coco(tmp_path))
    resize = next(step for step in dataset.dataset.pipeline.transforms if type(step).__name__ == 'Resize')
    resize.img_scale = [(3, 2)]
    sample = dataset[0]
    assert sample['gt_labels'].data.tolist() == [0] and sample['gt_masks'].data.areas.tolist() == [1]


def test_labels_follow_names_not_positions(tmp_path: Path) -> None:
    """Files list categories in any order, and number them as they like."""

    def shuffle(instances: Dict, panoptic: Dict) -> None:
        for data in (instances, panoptic):
            for entry in data['categories']:
                entry['id'] += 1000
            data['categories'].reverse()
        for ann in instances['annotations'] + [s for a in panoptic['annotations'] for s in a['segments_info']]:
            ann['category_id'] += 1000

    dataset = panoptic_data(make_coco(tmp_path, shuffle))
    assert dataset.get_ann_info(0)['labels'].tolist() == [2, 0]
    scores = dataset.evaluate([dataset.pre_eval(p, i) for i, p in enumerate(perfect())])
    assert scores['PQ'] == scores['segm_mAP'] == 1


# ---------------------------------------------------------------- scores
def test_perfect_predictions(tmp_path: Path) -> None:
    root = make_coco(tmp_path)
    dataset = panoptic_data(root)
    scores = dataset.evaluate([dataset.pre_eval(p, i) for i, p in enumerate(perfect())])
    # What is not predicted of the crowd is a miss of the class: 96 of 128 pixels.
    assert scores.pop('mIoU') == pytest.approx((4 + 96 / 128) / 5)
    assert {'PQ', 'SQ', 'RQ', 'PQ_th', 'SQ_th', 'RQ_th', 'PQ_st', 'segm_mAP', 'segm_mAP_75'} <= set(scores)
    assert set(scores.values()) == {1.0}
    dataset = instance_data(root)
    scores = dataset.evaluate([dataset.pre_eval(as_instances(p), i) for i, p in enumerate(perfect())], metric='segm')
    assert scores['segm_mAP'] == scores['segm_mAP_50'] == scores['segm_mAP_s'] == 1
    assert 'segm_mAP_l' not in scores  # nothing is that large


def test_scores_computed_by_hand(tmp_path: Path) -> None:
    """Car: IoU 160 / 240. Person: one hit, one false alarm. Road: 724 / 836, void not counted. Grass: 1100 / 1200."""
    root = make_coco(tmp_path)
    dataset = panoptic_data(root)
    results = [dataset.pre_eval(p, i) for i, p in enumerate(imperfect())]
    scores = dataset.evaluate(results)
    stuff = (1 + 724 / 836 + 1100 / 1200) / 3
    assert scores['PQ_th'] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert scores['PQ_st'] == pytest.approx(stuff)
    assert scores['PQ'] == pytest.approx((4 / 3 + 3 * stuff) / 5)
    assert scores['SQ_th'] == pytest.approx((2 / 3 + 1) / 2) and scores['RQ_th'] == pytest.approx((1 + 2 / 3) / 2)
    assert scores['mIoU'] == pytest.approx((160 / 240 + 96 / 228 + 1 + 724 / 836 + 1100 / 1200) / 5)
    # The car is found at the thresholds 0.5 to 0.65, 4 of 10; the false person has a lower score than the true one.
    expected = dict(segm_mAP=0.7, segm_mAP_50=1.0, segm_mAP_75=0.5, segm_mAP_s=0.7)
    assert {name: scores[name] for name in expected} == pytest.approx(expected, abs=1e-3)
    instances = instance_data(root)
    alone = instances.evaluate([instances.pre_eval(as_instances(p), i) for i, p in enumerate(imperfect())])
    assert alone == {name: value for name, value in scores.items() if name.startswith('segm')}


def test_both_evaluators_agree(tmp_path: Path) -> None:
    """The project's own PQ is panopticapi's, crowd and void included."""
    dataset = panoptic_data(make_coco(tmp_path))
    own = PanopticQuality(COCO_PANOPTIC)
    for index, prediction in enumerate(imperfect()):
        own.update(*dataset.read_panoptic(index), prediction.semantic, prediction.instance)
    theirs = dataset.evaluate([dataset.pre_eval(p, i) for i, p in enumerate(imperfect())], metric='panoptic')
    found = own.compute()
    assert [found.pq, found.pq_th, found.pq_st, found.sq, found.rq] == pytest.approx(
        [theirs[name] for name in ('PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ')], abs=1e-12
    )


def test_nothing_predicted_is_zero(tmp_path: Path) -> None:
    """A network in its first epoch finds nothing; that is a score, not a crash."""
    root = make_coco(tmp_path)
    dataset = instance_data(root)
    nothing = InstancePrediction(np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros((0, *SIZE), bool))
    assert dataset.evaluate([dataset.pre_eval(nothing, i) for i in range(2)]) == {'segm_mAP': 0.0}
    panoptic = panoptic_data(root)
    blank = perfect()
    for prediction in blank:
        prediction.panoptic[:] = 0
        prediction.segments.clear()
    scores = panoptic.evaluate([panoptic.pre_eval(p, i) for i, p in enumerate(blank)])
    assert scores['PQ'] == scores['segm_mAP'] == scores['mIoU'] == 0


def test_many_images_are_compared_by_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from knet.datasets import panoptic_api

    dataset = panoptic_data(make_coco(tmp_path))
    results = [dataset.pre_eval(p, i) for i, p in enumerate(imperfect())]
    alone = dataset.evaluate(results, metric='PQ')
    monkeypatch.setattr(panoptic_api, '_CHUNK', 1)
    monkeypatch.setattr(panoptic_api.os, 'cpu_count', lambda: 2)
    assert dataset.evaluate(results, metric='PQ') == alone


def test_result_files(tmp_path: Path) -> None:
    """Any prefix will do, dots in folders included; results survive a pickle."""
    dataset = panoptic_data(make_coco(tmp_path / 'coco'))
    results = pickle.loads(pickle.dumps([dataset.pre_eval(p, i) for i, p in enumerate(imperfect())]))
    prefix = tmp_path / 'a.b' / 'run.1'
    files, folder = dataset.format_results(results, jsonfile_prefix=str(prefix))
    assert folder is None and files == dict(segm=f'{prefix}.segm.json', panoptic=f'{prefix}.panoptic.json')
    annotations = json.loads(Path(files['panoptic']).read_text())['annotations']
    assert [ann['image_id'] for ann in annotations] == [7, 9]
    assert [s['category_id'] for s in annotations[1]['segments_info']] == [SKY, GRASS, PERSON]
    png = read_png(tmp_path / 'a.b' / 'run.1.panoptic' / annotations[0]['file_name'])
    assert np.array_equal(png[..., 0], imperfect()[0].panoptic) and not png[..., 1:].any()
    segm = json.loads(Path(files['segm']).read_text())
    assert [(s['image_id'], s['category_id'], s['score']) for s in segm] == [
        (7, PERSON, pytest.approx(0.8)),
        (7, CAR, pytest.approx(0.9)),
        (9, PERSON, 0.5),
    ]


def test_images_without_annotations_can_be_formatted(tmp_path: Path) -> None:
    root = make_coco(tmp_path, lambda instances, panoptic: (instances.pop('annotations'), panoptic.pop('annotations')))
    dataset = panoptic_data(root)
    results = [dataset.pre_eval(p, i) for i, p in enumerate(imperfect())]
    assert len(dataset.format_results(results, jsonfile_prefix=str(tmp_path / 'out'))[0]) == 2
    assert dataset.check_metrics([]) == []
    for refused in (dataset.evaluate, lambda results: dataset.check_metrics('PQ')):
        with pytest.raises(ValueError, match='no annotations to compare with; use --format-only'):
            refused(results)


# ---------------------------------------------------------------- refusals
def edit(section: str, **values: Any) -> Callable[[Dict, Dict], None]:
    """Change the first entry of a list in the instance json."""
    return lambda instances, panoptic: instances[section][0].update(values)


def edit_panoptic(**values: Any) -> Callable[[Dict, Dict], None]:
    return lambda instances, panoptic: panoptic['annotations'][0]['segments_info'][0].update(values)


def swap_things(instances: Dict, panoptic: Dict) -> None:
    for entry in panoptic['categories'][:2]:
        entry['id'] = 3 - entry['id']


@pytest.mark.parametrize(
    'change, message',
    [
        (edit('annotations', id=2), r'instances_val2017.json: id 2 is given to two annotations'),
        (edit('images', id=9), r'id 9 is given to two images'),
        (edit('annotations', image_id=8), r'annotation 1 belongs to image 8, which is not listed'),
        (edit('annotations', category_id=91), r'annotation 1 has category 91'),
        (edit('categories', name='pedestrian'), r'pedestrian unknown, person absent.*label_space'),
        (lambda i, p: i['annotations'][0].pop('segmentation'), r'annotation number 0 lacks one of .*segmentation'),
        (lambda i, p: i.pop('annotations'), "has no 'annotations'"),
        (lambda i, p: i['images'].clear() or i['annotations'].clear(), r'no image is left'),
        (swap_things, r'panoptic_val2017.json: person is category 2.*it is 1. Both files'),
        (lambda i, p: p['annotations'].pop(0), r'panoptic_val2017.json: no annotation for image 7'),
        (lambda i, p: p['categories'].pop(), r'none unknown, rug-merged absent'),
        (lambda i, p: p['categories'][0].update(isthing=0), r"category 'person' is stuff here"),
        (edit_panoptic(id=2), r'two segments of image 7 have the same id'),
        (edit_panoptic(category_id=91), r'segment of category 91'),
    ],
)
def test_json_that_contradicts_itself(tmp_path: Path, change: Callable[[Dict, Dict], None], message: str) -> None:
    root = make_coco(tmp_path, change)
    with pytest.raises(ValueError, match=message):
        panoptic_data(root, test_mode='has no' not in message)


@pytest.mark.parametrize(
    'victim, test_mode, message',
    [
        (
            'annotations/instances_val2017.json',
            True,
            r'instances_val2017.json: no such annotation file. Check data_root',
        ),
        ('annotations/panoptic_val2017.json', True, r'panoptic_val2017.json: no such annotation file'),
        ('val2017/000000000009.png', True, r'1 of 2 images of .* the first is .*val2017/000000000009.png'),
        ('panoptic_val2017/000000000009.png', True, r'1 of 2 panoptic PNGs .*000000000009.png'),
        ('panoptic_stuff_val2017/000000000009.png', False, r'1 of 2 stuff maps .*000000000009.png'),
    ],
)
def test_missing_files(tmp_path: Path, victim: str, test_mode: bool, message: str) -> None:
    root = make_coco(tmp_path)
    (root / victim).unlink()
    with pytest.raises(FileNotFoundError, match=message):
        panoptic_data(
            root, test_mode=test_mode, seg_prefix='panoptic_val2017' if test_mode else 'panoptic_stuff_val2017'
        )


@pytest.mark.parametrize(
    'text, message',
    [
        ('{"images": [', 'damaged annotation file'),
        ('[1, 2]', 'holds no JSON object'),
        ('{"images": 3, "categories": []}', "'images' is no list"),
        ('{"images": []}', "has no 'categories'"),
        ('', 'damaged annotation file'),
    ],
)
def test_damaged_json(tmp_path: Path, text: str, message: str) -> None:
    root = make_coco(tmp_path)
    (root / FILES['ins_ann']).write_text(text)
    with pytest.raises(ValueError, match=f'instances_val2017.json: {message}'):
        instance_data(root)


@pytest.mark.parametrize(
    'array, message',
    [
        (np.zeros((39, 60), np.uint8), r'size \(39, 60\) differs from \(40, 60\) of its image .*000000000007.png'),
        (np.full(SIZE, 54, np.uint8), r'value 54 is no stuff class, nor void. Make stuff maps with the converter'),
        (np.zeros(SIZE, np.uint16), r'expected an 8-bit single-channel PNG, found uint16'),
        (np.zeros((*SIZE, 3), np.uint8), r'expected an 8-bit single-channel PNG'),
    ],
)
def test_wrong_stuff_maps(tmp_path: Path, array: np.ndarray, message: str) -> None:
    root = make_coco(tmp_path)
    save_png(root / 'panoptic_stuff_val2017' / '000000000007.png', array)
    with pytest.raises(ValueError, match=f'panoptic_stuff_val2017/000000000007.png: {message}'):
        shipped('_base_/datasets/coco_panoptic.py', root)[0]


def test_damaged_image(tmp_path: Path) -> None:
    root = make_coco(tmp_path)
    path = root / 'val2017' / '000000000007.png'
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match='val2017/000000000007.png: truncated or damaged image'):
        shipped('_base_/datasets/coco_instance.py', root)[0]


def test_image_of_another_size(tmp_path: Path) -> None:
    root = make_coco(tmp_path)
    save_png(root / 'val2017' / '000000000007.png', np.zeros((39, 60, 3), np.uint8))
    with pytest.raises(ValueError, match=r'000000000007.png: the image is \(39, 60\), the entry in .*\(40, 60\)'):
        shipped('_base_/datasets/coco_instance.py', root)[0]


def test_wrong_panoptic_png(tmp_path: Path) -> None:
    root = make_coco(tmp_path)
    dataset = panoptic_data(root)
    results = [dataset.pre_eval(p, i) for i, p in enumerate(perfect())]
    path = root / 'panoptic_val2017' / '000000000007.png'
    save_png(path, np.zeros((39, 60, 3), np.uint8))
    with pytest.raises(ValueError, match=r'panoptic_val2017/000000000007.png is \(60, 39\) pixels, the prediction'):
        dataset.evaluate(results, metric='PQ')
    save_png(path, np.full((*SIZE, 3), 50, np.uint8))
    with pytest.raises(ValueError, match='is not in the segments_info of the JSON file'):
        dataset.evaluate(results, metric='mIoU')


def test_wrong_use(tmp_path: Path) -> None:
    dataset = panoptic_data(make_coco(tmp_path))
    results = [dataset.pre_eval(p, i) for i, p in enumerate(perfect())]
    with pytest.raises(ValueError, match="unknown metric 'STQ' for CocoPanopticDatasetCustom; known: PQ, segm, mIoU"):
        dataset.evaluate(results, metric=['PQ', 'STQ'])
    with pytest.raises(ValueError, match='1 results for 2 images'):
        dataset.evaluate(results[:1])
    small = perfect()[0]
    small.panoptic = small.panoptic[1:]
    with pytest.raises(ValueError, match=r'val2017/000000000007.png: the prediction is \(39, 60\), the entry'):
        dataset.pre_eval(small, 0)
    with pytest.raises(ValueError, match='ins_ann=..., panoptic_ann'):
        panoptic_data(tmp_path, ann_file=FILES['ins_ann'])
    with pytest.raises(ValueError, match="use dict.type='LoadThingStuffAnnotations'"):
        panoptic_data(tmp_path, pipeline=[dict(type='LoadAnnotations', with_seg=True)])


def test_cityscapes_calls_images_by_their_stem() -> None:
    info = dict(id=3, filename='ulm/ulm_000001_000019_leftImg8bit.png', segm_file='ulm/x.png')
    assert CityscapesPanopticDataset.panoptic_id(info) == 'ulm_000001_000019'
    assert CityscapesPanopticDataset.stuff_map(info) == 'ulm/x.png'
