"""VPQ against published numbers, hand-computed cases, and a pixel-by-pixel reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.evaluation.pairs import count_pairs
from knet.evaluation.vpq import VideoPanopticQuality
from knet.labels import KITTI_STEP
from tests.evaluation.reference import golden_frame, random_video, reference_vpq

SEEDS = st.integers(0, 10**6)
quick = settings(max_examples=40, deadline=None)

#: k -> class -> IoU sum, TP, FN, FP; and PQ, PQ_th, PQ_st in percent, as the original code computes them.
GOLDEN = {
    1: (
        {0: (2.913043, 4, 0, 0), 10: (4, 4, 0, 0), 11: (2.857143, 4, 4, 0), 12: (0, 0, 0, 4), 13: (2.8, 4, 0, 0)},
        (15.2866, 58.8095, 10.1662),
    ),
    2: (
        {0: (2.173913, 3, 0, 0), 10: (3, 3, 0, 0), 11: (1.428571, 2, 4, 2), 12: (0, 0, 0, 3), 13: (2.060606, 3, 0, 0)},
        (14.1959, 48.6291, 10.1449),
    ),
    4: (
        {0: (0.728261, 1, 0, 0), 10: (1, 1, 0, 0), 11: (0, 0, 2, 2), 12: (0, 0, 0, 1), 13: (0.695652, 1, 0, 0)},
        (12.7574, 34.7826, 10.1662),
    ),
}
#: The same means from exact fractions of the counts above, of all 19 classes and of the 5 that occur.
EXACT = {1: (67 / 92, 1, 10 / 21, 7 / 10), 2: (50 / 69, 1, 2 / 7, 68 / 99), 4: (67 / 92, 1, 0, 16 / 23)}


def accumulate(videos, ks=(1, 2, 3, 4), protocol='official'):
    metric = VideoPanopticQuality(KITTI_STEP, ks, protocol)
    for video, frames in videos.items():
        for frame in frames:
            metric.update(*frame, video_id=video)
    return metric


def score(*args, **kwargs):
    return accumulate(*args, **kwargs).compute()


@pytest.mark.parametrize('k', sorted(GOLDEN))
@pytest.mark.parametrize('protocol', ['official', 'paper-repo'])
def test_golden_counts_and_means(k, protocol):
    window = score({0: [golden_frame(t) for t in range(4)]}, (k,), protocol).windows[k]
    classes, percent = GOLDEN[k]
    for dataset_id, quality in window.scores.classes.items():
        iou, tp, fn, fp = classes.get(dataset_id, (0, 0, 0, 0))
        assert (quality.tp, quality.fn, quality.fp) == (tp, fn, fp)
        assert (quality.sq or 0) * tp == pytest.approx(iou, abs=1e-6)
    road, sky, person, car = EXACT[k]
    means = ((road + sky + person + car) / 19, (person + car) / 2, (road + sky) / 17)
    if protocol == 'paper-repo':
        assert [window.scores.pq, window.scores.pq_th, window.scores.pq_st] == pytest.approx(means, abs=1e-9)
        assert [100 * mean for mean in means] == pytest.approx(percent, abs=5e-5)
    else:
        # Classes that occur: road, sky, rider (predicted only) and the two things.
        assert window.scores.pq == pytest.approx((road + sky + person + car) / 5, abs=1e-12)
        assert window.scores.pq_th == pytest.approx(means[1], abs=1e-12)
        assert window.scores.pq_st == pytest.approx((road + sky) / 3, abs=1e-12)
        assert window.scores.pq_all == pytest.approx(means[0], abs=1e-12)
    assert window.windows == 5 - k


def row(*values):
    return np.array([values])


def test_void_with_an_instance_id_is_void_officially():
    # The prediction covers 4 car pixels and 3 of void with id 9.
    frame = (row(13, 13, 13, 13, 255, 255, 255), row(1, 1, 1, 1, 9, 9, 9), row(*[13] * 7), row(*[2] * 7))
    assert score({0: [frame]}, (1,)).windows[1].scores.classes[13].pq == 1.0
    paper = score({0: [frame]}, (1,), 'paper-repo').windows[1].scores.classes[13]
    assert paper.sq == pytest.approx(4 / 7, abs=1e-9)


@pytest.mark.parametrize('protocol', ['official', 'paper-repo'])
def test_half_on_void_counts_and_more_does_not(protocol):
    truth, nothing = row(255, 255, 0, 0, 255), row(0, 0, 0, 0, 0)
    half = score({0: [(truth, nothing, row(13, 13, 13, 13, 255), row(1, 1, 1, 1, 0))]}, (1,), protocol)
    more = score({0: [(truth, nothing, row(13, 13, 13, 0, 13), row(1, 1, 1, 0, 1))]}, (1,), protocol)
    assert half.windows[1].scores.classes[13].fp == 1
    assert more.windows[1].scores.classes[13].fp == 0


def test_crowd_is_an_ordinary_segment():
    frame = (row(13, 13, 11, 11), row(0, 0, 0, 0), row(13, 13, 0, 0), row(0, 0, 0, 0))
    classes = score({0: [frame]}, (1,)).windows[1].scores.classes
    assert (classes[13].tp, classes[11].fn) == (1, 1)


def test_predicted_void_is_no_prediction():
    frame = (row(0, 0, 0, 255), row(0, 0, 0, 0), row(0, 0, 255, 255), row(0, 0, 4, 0))
    classes = score({0: [frame]}, (1,)).windows[1].scores.classes
    assert classes[0].sq == pytest.approx(2 / 3)
    assert sum(c.fp for c in classes.values()) == 0


def test_iou_of_one_half_is_no_match():
    frame = (row(11, 11, 11, 0), row(1, 1, 1, 0), row(11, 11, 0, 11), row(1, 1, 0, 1))
    person = score({0: [frame]}, (1,)).windows[1].scores.classes[11]
    assert (person.tp, person.fp, person.fn, person.pq, person.sq) == (0, 1, 1, 0.0, 0.0)


def test_short_videos():
    videos = {2: [golden_frame(0)] * 2, 5: [golden_frame(t) for t in range(4)]}
    official = score(videos)
    assert [w.windows for w in official.windows.values()] == [6, 4, 2, 1]
    assert official.windows[3].short_videos == (2,)
    assert 'k=3: videos with fewer than 3 frames contribute nothing: 2' in official.table()
    paper = score(videos, protocol='paper-repo')
    assert [w.windows for w in paper.windows.values()] == [6, 4, 3, 2]
    # Clamped for that video only: the long one keeps its windows of 4.
    assert paper.windows[4].scores.classes[10].tp == 2
    assert 'scored as one window' in paper.table()


def test_one_frame_video_has_no_mean_over_longer_windows():
    document = score({0: [golden_frame(0)]}).to_json()
    assert document['VPQ'] is None
    assert document['k']['1']['VPQ'] > 0
    assert document['k']['2']['VPQ'] is None and document['k']['2']['windows'] == 0


def test_windows_over_a_missing_frame_are_left_out():
    metric = VideoPanopticQuality(KITTI_STEP, (1, 2))
    for t in range(4):
        metric.update_pairs(None if t == 1 else count_pairs(*golden_frame(t), KITTI_STEP), 0)
    result = metric.compute()
    assert [w.windows for w in result.windows.values()] == [3, 1]


def test_json_contract():
    document = score({0: [golden_frame(t) for t in range(4)]}, ks=(4, 1)).to_json()
    assert list(document) == ['protocol', 'VPQ', 'k']
    assert list(document['k']) == ['1', '4']
    assert list(document['k']['1']) == ['VPQ', 'VPQ_th', 'VPQ_st', 'windows', 'per_class']
    assert document['VPQ'] == pytest.approx((document['k']['1']['VPQ'] + document['k']['4']['VPQ']) / 2)
    assert document['k']['1']['per_class']['5'] == dict(pq=None, sq=None, rq=None, tp=0, fp=0, fn=0)
    assert document['k']['1']['per_class']['12'] == dict(pq=0.0, sq=0.0, rq=0.0, tp=0, fp=4, fn=0)


def test_paper_repo_counts_absent_classes_as_zero():
    window = score({0: [golden_frame(0)]}, (1,), 'paper-repo').to_json()['k']['1']
    assert window['per_class']['5'] == dict(pq=0.0, sq=0.0, rq=0.0, tp=0, fp=0, fn=0)


@quick
@given(SEEDS, st.sampled_from(['official', 'paper-repo']), st.sampled_from([1, 2, 3, 5]))
def test_equals_reference(seed, protocol, k):
    videos = {0: random_video(seed), 1: random_video(seed + 1, frames=2), 2: random_video(seed + 2, frames=5)}
    expected = reference_vpq(videos, k, official=protocol == 'official')
    for dataset_id, quality in score(videos, (k,), protocol).windows[k].scores.classes.items():
        iou, tp, fp, fn = expected.get(dataset_id, (0, 0, 0, 0))
        assert (quality.tp, quality.fp, quality.fn) == (tp, fp, fn)
        if tp + fp + fn:
            assert quality.pq == pytest.approx(iou / (tp + fp / 2 + fn / 2), abs=1e-9)


@quick
@given(SEEDS)
def test_merge_equals_joint_update(seed):
    videos = {v: random_video(seed + v) for v in range(3)}
    first, second = accumulate({2: videos[2]}), accumulate({0: videos[0], 1: videos[1]})
    first.merge(second)
    assert first.compute() == score(videos)


def test_a_video_belongs_to_one_accumulator():
    video = {7: [golden_frame(0)]}
    with pytest.raises(ValueError, match='video 7 is in both'):
        accumulate(video).merge(accumulate(video))


@quick
@given(SEEDS)
def test_names_of_tracks_and_order_of_videos_do_not_matter(seed):
    videos = {v: random_video(seed + v) for v in range(2)}
    renaming = np.random.RandomState(seed).permutation(60000)
    renamed = {v: [(f[0], f[1], f[2], renaming[f[3]]) for f in videos[v]] for v in (1, 0)}
    left, right = score(videos), score(renamed)
    for k in left.windows:
        assert (left.windows[k].scores.pq or 0) == pytest.approx(right.windows[k].scores.pq or 0, abs=1e-12)


@quick
@given(SEEDS)
def test_perfect_prediction_scores_one(seed):
    result = score({0: [(f[0], f[1], f[0], f[1]) for f in random_video(seed)]})
    assert all(window.scores.pq in (None, 1.0) for window in result.windows.values())


@pytest.mark.parametrize('ks', [(), (0,), (1, -2)])
def test_impossible_windows_are_refused(ks):
    with pytest.raises(ValueError, match='window lengths'):
        VideoPanopticQuality(KITTI_STEP, ks)
