"""STQ against published numbers, hand-computed cases, and a pixel-by-pixel reference."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.evaluation.stq import STQuality
from knet.labels import KITTI_STEP, ClassInfo, LabelSpace
from tests.evaluation.reference import SHARED, golden_frame, random_video, reference_stq

#: The published scene scored with true things, which no protocol does with void removed.
STEP_THINGS = LabelSpace('step_things', KITTI_STEP.classes)
SEEDS = st.integers(0, 10**6)
quick = settings(max_examples=60, deadline=None)


def score(videos, protocol='official', label_space=KITTI_STEP):
    metric = STQuality(label_space, protocol)
    for video, frames in videos.items():
        for frame in frames:
            metric.update(*frame, video_id=video)
    return metric.compute()


def numbers(result):
    return [result.stq, result.aq, result.sq]


def golden_video():
    return [golden_frame(t) for t in range(4)]


def second_golden_video():
    frames = golden_video()
    for frame in frames:
        frame[3][frame[3] == 6] = 5
    return frames


def test_golden_paper_repo():
    result = score({0: golden_video()}, 'paper-repo')
    assert numbers(result) == pytest.approx([0.5363202804, 0.4756079937, 0.6047826087], abs=1e-10)
    assert result.protocol == 'paper-repo'


def test_golden_true_things_without_void():
    # A label space of another name has no published things list, so paper-repo scores its own things.
    result = score({0: golden_video()}, 'paper-repo', STEP_THINGS)
    assert numbers(result) == pytest.approx([0.5328285064, 0.4694351542, 0.6047826087], abs=1e-10)


def test_golden_void_predicted_is_one_more_class():
    frames = golden_video()
    for frame in frames:
        frame[2][0, 0] = 255
    result = score({0: frames}, 'paper-repo', STEP_THINGS)
    assert numbers(result) == pytest.approx([0.4830409382, 0.4694351542, 0.4970410628], abs=1e-10)
    assert result.void_predicted and 'void predicted' in result.table()


def test_golden_two_videos():
    result = score({3: golden_video(), 8: second_golden_video()}, 'paper-repo', STEP_THINGS)
    assert numbers(result) == pytest.approx([0.5704765414, 0.5381164729, 0.6047826087], abs=1e-10)
    assert [result.videos[v].stq for v in (3, 8)] == pytest.approx([0.5328285064, 0.6057893622], abs=1e-10)
    assert [result.videos[v].aq for v in (3, 8)] == pytest.approx([0.4694351542, 0.6067977916], abs=1e-10)
    assert [result.videos[v].frames for v in (3, 8)] == [4, 4]


def test_official_keeps_void_in_predicted_tubes():
    # g: 4 pixels, p: the same 4 and 2 on void. IoU 4/6 officially, 1 when void is removed first.
    gt_sem = np.array([[11, 11, 11, 11, 255, 255, 0]])
    gt_ins = np.array([[1, 1, 1, 1, 0, 0, 0]])
    pred_sem = np.array([[11, 11, 11, 11, 11, 11, 0]])
    frame = (gt_sem, gt_ins, pred_sem, np.where(pred_sem == 11, 5, 0))
    assert numbers(score({0: [frame]})) == pytest.approx([math.sqrt(2 / 3), 2 / 3, 1.0])
    assert numbers(score({0: [frame]}, 'paper-repo')) == [1.0, 1.0, 1.0]


def test_predictions_on_crowd_are_not_punished():
    gt_sem = np.array([[13, 13, 13, 13]])
    gt_ins = np.array([[1, 1, 0, 0]])
    assert score({0: [(gt_sem, gt_ins, gt_sem, np.full_like(gt_sem, 9))]}).aq == 1.0


def test_undefined_values():
    void = np.full((2, 2), 255)
    result = score({4: [(void, 0 * void, void, 0 * void)]})
    document = result.to_json()
    assert document['STQ'] is None and document['SQ'] is None and document['AQ'] == 0.0
    assert document['per_class']['0'] == {'name': 'road', 'iou': None}
    assert document['per_video']['4'] == {'STQ': None, 'AQ': 0.0, 'SQ': None, 'frames': 1}
    json.dumps(document, allow_nan=False)
    assert '-' in result.table()


def test_json_contract():
    document = score({6: golden_video()}).to_json()
    assert list(document) == ['protocol', 'STQ', 'AQ', 'SQ', 'per_class', 'per_video']
    assert list(document['per_class']) == [str(i) for i in range(19)]
    assert document['per_class']['13'] == {'name': 'car', 'iou': pytest.approx(16 / 23)}
    assert set(document['per_video']['6']) == {'STQ', 'AQ', 'SQ', 'frames'}


@quick
@given(SEEDS, st.sampled_from(['official', 'paper-repo']))
def test_equals_reference(seed, protocol):
    videos = {v: random_video(seed + v) for v in range(2)}
    things = (11, 13) if protocol == 'official' else tuple(range(11, 19))
    expected = reference_stq(videos, things, drop_void=protocol == 'paper-repo')
    found = [math.nan if x is None else x for x in numbers(score(videos, protocol))]
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


@quick
@given(SEEDS)
def test_merge_equals_joint_update(seed):
    videos = {v: random_video(seed + v) for v in range(3)}
    parts = [STQuality(KITTI_STEP) for _ in range(2)]
    # Video 1 is spread over both accumulators.
    for v, half in ((0, 0), (1, 0), (1, 1), (2, 1)):
        frames = videos[v] if v != 1 else videos[v][2 * half : 2 * half + 2]
        for frame in frames:
            parts[half].update(*frame, video_id=v)
    parts[0].merge(parts[1])
    assert parts[0].compute() == score(videos)


@quick
@given(SEEDS)
def test_names_of_tracks_and_order_of_videos_do_not_matter(seed):
    videos = {v: random_video(seed + v) for v in range(2)}
    renaming = np.random.RandomState(seed).permutation(60000) + 1
    renamed = {v: [(f[0], f[1], f[2], np.where(f[3] > 0, renaming[f[3]], 0)) for f in videos[v]] for v in (1, 0)}
    left, right = score(videos), score(renamed)
    assert [x or 0 for x in numbers(left)] == pytest.approx([x or 0 for x in numbers(right)], abs=1e-12)


@quick
@given(SEEDS)
def test_perfect_prediction_scores_one(seed):
    videos = {0: [(f[0], f[1], f[0], f[1]) for f in random_video(seed)]}
    result = score(videos)
    assert result.sq in (None, 1.0)
    assert result.aq == pytest.approx(1.0 if result.videos[0].tubes else 0.0)


def _deeplab2():
    path = SHARED / 'data' / 'metrics' / 'deeplab2_stq_unit_examples.json'
    if not path.exists():
        pytest.skip(f'{path} is not there')
    return json.loads(path.read_text())


def _score_packed(case, gt_frames, pred_frames):
    classes = [ClassInfo(str(i), (0, 0, 0), i in case['things'], i) for i in range(case['num_classes'])]
    frames = [
        [np.atleast_2d(a >> 16 if half == 0 else a & 0xFFFF) for a in map(np.asarray, pair) for half in (0, 1)]
        for pair in zip(gt_frames, pred_frames)
    ]
    return numbers(score({0: frames}, label_space=LabelSpace('deeplab2', classes)))


def test_deeplab2_examples():
    for case in _deeplab2()['basic_examples']:
        found = _score_packed(case, case['gt_panoptic'], case['pred_panoptic'])
        assert found == pytest.approx(case['reference_STQ_AQ_IoU'], abs=1e-9)


def test_deeplab2_complex_example():
    case = _deeplab2()['complex_example']
    found = _score_packed(case, case['gt_panoptic_frames'], case['pred_panoptic_frames'])
    assert found == pytest.approx(case['reference_STQ_AQ_IoU'], abs=1e-9)
    assert found == pytest.approx([0.66841773, 0.55366581, 0.80695295], abs=1e-8)
