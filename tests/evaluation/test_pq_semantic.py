"""PQ and mIoU of single images, and the table of overlaps they rest on."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.evaluation.pairs import PairCounts, count_pairs, segment_class, segment_instance
from knet.evaluation.pq import PanopticQuality
from knet.evaluation.semantic import MeanIoU
from knet.labels import KITTI_STEP, ClassInfo, LabelSpace
from knet.utils.io import read_png
from tests.evaluation.reference import SHARED, golden_frame, random_video, reference_matching

SEEDS = st.integers(0, 10**6)
quick = settings(max_examples=60, deadline=None)


def accumulate(metric, frames):
    for frame in frames:
        metric.update(*frame)
    return metric


@quick
@given(SEEDS)
def test_pairs_are_counted_like_pixels(seed):
    frame = random_video(seed, frames=1)[0]
    pairs = count_pairs(*frame, KITTI_STEP)
    found = {
        tuple(int(x) for x in row[:4]): int(row[4])
        for row in zip(
            segment_class(pairs.gt),
            segment_instance(pairs.gt),
            segment_class(pairs.pred),
            segment_instance(pairs.pred),
            pairs.counts,
        )
    }
    values, counts = np.unique(np.stack([plane.ravel() for plane in frame]), axis=1, return_counts=True)
    assert found == {tuple(v): n for v, n in zip(values.T.tolist(), counts.tolist())}
    assert np.all(np.diff(pairs.keys.astype(object)) > 0)


def test_sum_of_tables():
    tables = [count_pairs(*golden_frame(t), KITTI_STEP) for t in range(4)]
    joint = count_pairs(*(np.concatenate(planes) for planes in zip(*(golden_frame(t) for t in range(4)))), KITTI_STEP)
    total = PairCounts.sum(tables)
    np.testing.assert_array_equal(total.keys, joint.keys)
    np.testing.assert_array_equal(total.counts, joint.counts)
    assert len(PairCounts.sum([]).keys) == 0


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int32, np.int64])
def test_any_integer_type_gives_the_same_table(dtype):
    expected = count_pairs(*golden_frame(1), KITTI_STEP)
    found = count_pairs(*(plane.astype(dtype) for plane in golden_frame(1)), KITTI_STEP)
    np.testing.assert_array_equal(found.keys, expected.keys)
    np.testing.assert_array_equal(found.counts, expected.counts)


@pytest.mark.parametrize(
    'plane, value, message',
    [
        (0, 19, 'truth.png: class 19 is not in label space'),
        (2, 254, 'mine.png: class 254 is not'),
        (2, 300, 'mine.png: class 300 is not'),
        (0, -1, 'truth.png: class -1 is not'),
        (1, -1, 'truth.png: instance ids must lie in'),
        (3, 1 << 24, 'mine.png: instance ids must lie in'),
    ],
)
def test_impossible_ids_are_named(plane, value, message):
    frame = golden_frame(0)
    frame[plane][3, 3] = value
    with pytest.raises(ValueError, match=message):
        count_pairs(*frame, KITTI_STEP, names=('truth.png', 'mine.png'))


def test_sizes_are_named():
    gt_sem, gt_ins, _, _ = golden_frame(0)
    with pytest.raises(ValueError, match='ground truth is 12x8 pixels, prediction is 6x4'):
        count_pairs(gt_sem, gt_ins, gt_sem[:4, :6], gt_ins[:4, :6], KITTI_STEP)


@quick
@given(SEEDS, st.sampled_from(['official', 'paper-repo']))
def test_pq_equals_reference(seed, protocol):
    frames = random_video(seed, frames=2)
    official = protocol == 'official'
    references = [reference_matching([frame], official, crowd_ignored=official) for frame in frames]
    for dataset_id, quality in accumulate(PanopticQuality(KITTI_STEP, protocol), frames).compute().classes.items():
        iou, tp, fp, fn = np.sum([r.get(dataset_id, [0.0, 0, 0, 0]) for r in references], axis=0)
        assert (quality.tp, quality.fp, quality.fn) == (tp, fp, fn)
        if tp + fp + fn:
            assert quality.pq == pytest.approx(iou / (tp + fp / 2 + fn / 2), abs=1e-9)


def test_crowd_excuses_its_own_class_only():
    gt_sem = np.array([[13, 13, 13, 0, 0]])
    nothing = np.zeros_like(gt_sem)
    cars = PanopticQuality(KITTI_STEP)
    cars.update(gt_sem, nothing, np.array([[13, 13, 255, 13, 0]]), np.array([[4, 4, 0, 4, 0]]))
    assert (cars.compute().classes[13].fp, cars.compute().classes[13].fn) == (0, 0)
    persons = PanopticQuality(KITTI_STEP)
    persons.update(gt_sem, nothing, np.array([[11, 11, 255, 11, 0]]), np.array([[4, 4, 0, 4, 0]]))
    assert persons.compute().classes[11].fp == 1


@quick
@given(SEEDS)
def test_merge_equals_joint_update(seed):
    frames = random_video(seed, frames=4)
    for metric in (PanopticQuality, MeanIoU):
        joint = accumulate(metric(KITTI_STEP), frames).compute()
        left, right = accumulate(metric(KITTI_STEP), frames[:1]), accumulate(metric(KITTI_STEP), frames[1:])
        left.merge(right)
        merged = left.compute()
        if metric is MeanIoU:
            assert merged == joint
        else:
            assert (merged.pq or 0) == pytest.approx(joint.pq or 0, abs=1e-12)


def test_miou_by_hand():
    metric = MeanIoU(KITTI_STEP)
    metric.update(
        np.array([[0, 0, 0, 1, 255]]), np.zeros((1, 5), int), np.array([[0, 0, 255, 10, 1]]), np.zeros((1, 5), int)
    )
    result = metric.compute()
    # road 2/3 (void misses a pixel), sidewalk 0 (its prediction lies on void ground truth), sky 0 (predicted only).
    assert result.class_iou[0] == pytest.approx(2 / 3)
    assert (result.class_iou[1], result.class_iou[10], result.class_iou[5]) == (0.0, 0.0, None)
    assert result.miou == pytest.approx(2 / 9)
    assert MeanIoU(KITTI_STEP).compute().miou is None


DEEPLAB2 = SHARED / 'data' / 'metrics' / 'deeplab2_pq'


@pytest.mark.skipif(not DEEPLAB2.exists(), reason=f'{DEEPLAB2} is not there')
@pytest.mark.parametrize('case', ['single', 'multi'])
def test_deeplab2_images(case):
    facts = json.loads((DEEPLAB2 / 'expected.json').read_text())
    expected = facts[case]
    # There class 0 is the ignored one.
    classes = [ClassInfo(str(i), (0, 0, 0), False, i) for i in range(1, expected['num_classes'])]
    colours = {
        tuple(json.loads(rgb.replace('(', '[').replace(')', ']'))): i
        for rgb, i in facts['pred_class_rgb_to_class'].items()
    }
    metric = PanopticQuality(LabelSpace('deeplab2_pq', classes))
    for image in expected['images']:
        gt_ins = read_png(DEEPLAB2 / facts['gt_file'][image])[..., 0].astype(int)
        to_class = {int(i): c for i, c in facts['gt_instance_to_class'][image].items()}
        gt_sem = np.vectorize(to_class.get)(gt_ins)
        pred_rgb = read_png(DEEPLAB2 / f'{image}_pred_class.png')[..., :3]
        pred_sem = np.array([colours[tuple(rgb)] for rgb in pred_rgb.reshape(-1, 3).tolist()]).reshape(gt_sem.shape)
        pred_ins = read_png(DEEPLAB2 / f'{image}_pred_instance.png')[..., 0]
        metric.update(np.where(gt_sem, gt_sem, 255), gt_ins, np.where(pred_sem, pred_sem, 255), pred_ins)
    scores = metric.compute()
    assert [scores.pq, scores.sq, scores.rq] == pytest.approx(
        expected['result_PQ_SQ_RQ_meanTP_meanFN_meanFP'][:3], abs=1e-9
    )
    for i, quality in scores.classes.items():
        assert [quality.tp, quality.fn, quality.fp] == [expected[f'per_class_{n}'][i] for n in ('tp', 'fn', 'fp')]
        assert quality.sq * quality.tp == pytest.approx(expected['per_class_iou'][i], abs=1e-9)
