"""Trackers, boxes and losses on hand-made inputs."""

from typing import Optional

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from knet.structures import Segment
from knet.video.thing_boxes import EMPTY_BOX, thing_boxes, thing_pixels
from knet.video.track_losses import L2Loss, MultiPosCrossEntropyLoss
from knet.video.trackers import Detections, MaskIoUTracker, NewIdTracker, QuasiDenseEmbedTracker

CONFIG = dict(
    init_score_thr=0.35,
    obj_score_thr=0.3,
    match_score_thr=0.5,
    memo_tracklet_frames=5,
    memo_backdrop_frames=1,
    memo_momentum=0.8,
    nms_conf_thr=0.5,
    nms_backdrop_iou_thr=0.3,
    nms_class_iou_thr=0.7,
)


def detections(boxes: list, scores: list, embeds: torch.Tensor, labels: Optional[list] = None) -> Detections:
    boxes = torch.tensor([[*b, s] for b, s in zip(boxes, scores)], dtype=torch.float32)
    return Detections(boxes, torch.tensor(labels or [0] * len(boxes)), embeds, torch.zeros(1, 1, dtype=torch.long))


APART = [(0, 0, 10, 10), (50, 0, 60, 10), (100, 0, 110, 10)]
EYE = torch.eye(3, 8) * 8


def test_ids_follow_embeddings_not_positions() -> None:
    tracker = QuasiDenseEmbedTracker(**CONFIG)
    first = tracker.match(detections(APART, [0.9, 0.8, 0.7], EYE), 0)
    assert first.kept.tolist() == [0, 1, 2] and first.ids.tolist() == [0, 1, 2]
    second = tracker.match(detections(APART, [0.7, 0.8, 0.9], EYE.flip(0)), 1)
    assert second.kept.tolist() == [2, 1, 0] and second.ids.tolist() == [0, 1, 2]


def test_duplicates_are_dropped_and_the_rest_keeps_its_rows() -> None:
    tracker = QuasiDenseEmbedTracker(**CONFIG)
    boxes = [APART[0], APART[0], APART[1]]
    matches = tracker.match(detections(boxes, [0.9, 0.8, 0.7], EYE), 0)
    assert matches.kept.tolist() == [0, 2] and matches.ids.tolist() == [0, 1]


@pytest.mark.parametrize('gap, same', [(1, True), (4, True), (5, False)])
def test_tracks_survive_short_gaps(gap: int, same: bool) -> None:
    """A track is forgotten at the first matched frame that is five frames away."""
    tracker = QuasiDenseEmbedTracker(**CONFIG)
    tracker.match(detections(APART[:2], [0.9, 0.8], EYE[:2]), 0)
    for frame in range(1, gap + 1):
        last = tracker.match(detections(APART[:1], [0.9], EYE[:1]), frame)
    assert last.ids.tolist() == [0]
    back = tracker.match(detections(APART[:2], [0.9, 0.8], EYE[:2]), gap + 1)
    assert (back.ids.tolist() == [0, 1]) == same


def test_weak_detections_start_no_track() -> None:
    tracker = QuasiDenseEmbedTracker(**CONFIG)
    assert tracker.match(detections(APART[:2], [0.9, 0.34], EYE[:2]), 0).ids.tolist() == [0, -1]
    # The weak one is a backdrop: a detection that resembles it starts a track of its own.
    assert tracker.match(detections(APART[:2], [0.9, 0.8], EYE[:2]), 1).ids.tolist() == [0, 1]


def test_weak_match_is_suppressed() -> None:
    tracker = QuasiDenseEmbedTracker(**CONFIG)
    tracker.match(detections(APART[:1], [0.9], EYE[:1]), 0)
    assert tracker.match(detections(APART[:1], [0.2], EYE[:1]), 1).ids.tolist() == [-2]


def test_classes_are_kept_apart() -> None:
    tracker = QuasiDenseEmbedTracker(**CONFIG)
    tracker.match(detections(APART[:1], [0.9], EYE[:1], [0]), 0)
    assert tracker.match(detections(APART[:1], [0.9], EYE[:1], [1]), 1).ids.tolist() == [1]


def test_new_embeddings_weigh_eight_tenths() -> None:
    tracker = QuasiDenseEmbedTracker(**CONFIG)
    tracker.match(detections(APART[:1], [0.9], EYE[:1]), 0)
    tracker.match(detections(APART[:1], [0.9], EYE[:1] * 2), 1)
    torch.testing.assert_close(tracker.tracklets[0].embed, EYE[0] * 1.8)


def test_mask_iou_tracker_follows_overlap() -> None:
    tracker = MaskIoUTracker(match_iou_thr=0.2)
    first = torch.full((8, 8), -1)
    first[:, :4], first[:, 4:] = 0, 1
    moved = torch.full((8, 8), -1)
    moved[:, 1:4], moved[:, 5:] = 1, 0
    boxes = detections(APART[:2], [0.9, 0.8], EYE[:2])
    ids = []
    for index_map in (first, moved):
        matches = tracker.match(Detections(boxes.boxes, boxes.labels, boxes.embeds, index_map), 0)
        ids.append(dict(zip(matches.kept.tolist(), matches.ids.tolist())))
    assert ids == [{0: 0, 1: 1}, {0: 1, 1: 0}]


def test_new_ids_never_repeat() -> None:
    tracker = NewIdTracker()
    ids = [tracker.match(detections(APART, [0.9] * 3, EYE), t).ids.tolist() for t in range(2)]
    assert ids == [[0, 1, 2], [3, 4, 5]]


def test_boxes_are_inclusive_extents_of_visible_pixels() -> None:
    index_map = torch.full((10, 20), -1)
    index_map[2:5, 3:9] = 0
    index_map[6:8, 10:11] = 1
    visible = torch.ones(10, 20, dtype=torch.bool)
    visible[:, :4] = False
    visible[6:8] = False
    things = [Segment(i + 1, 13, True, 0.5 + i / 10, 1, i) for i in range(2)]
    boxes = thing_boxes(index_map, things, visible)
    np.testing.assert_allclose(boxes, [[4, 2, 8, 4, 0.5], [*EMPTY_BOX, 0.6]], rtol=1e-6)


def test_thing_pixels_is_the_argmax_over_classes() -> None:
    torch.manual_seed(0)
    logits = torch.randn(5, 4, 6)
    full = F.interpolate(logits[None], size=(9, 13), mode='bilinear', align_corners=False)[0]
    assert torch.equal(thing_pixels(logits, 2, (9, 13)), full.sigmoid().argmax(0) < 2)


def test_multi_positive_cross_entropy_by_definition() -> None:
    torch.manual_seed(1)
    pred, label = torch.randn(4, 6), (torch.rand(4, 6) > 0.6).long()
    label[2], label[3] = 0, 1
    rows = []
    for row, positive in zip(pred, label.bool()):
        rows.append(torch.log1p(sum(((n - p).exp() for p in row[positive] for n in row[~positive]), torch.zeros(()))))
    weight = label.any(1).float()
    want = (torch.stack(rows) * weight).sum() / weight.sum()
    loss = MultiPosCrossEntropyLoss(0.25)
    torch.testing.assert_close(loss(pred, label, weight, weight.sum()), 0.25 * want)
    empty = loss(pred[:0], label[:0], weight[:0], weight[:0].sum())
    assert empty == 0


def test_l2_keeps_the_hardest_negatives() -> None:
    pred = torch.tensor([[0.9, 0.5, 0.3, 0.2, 0.8, 0.05]])
    target = torch.tensor([[1, 0, 0, 0, 0, 0]])
    # One positive allows two negatives; after the margin 0.1 the hardest cost 0.7^2 and 0.4^2.
    want = ((0.1**2) + 0.7**2 + 0.4**2) / 3
    assert L2Loss(neg_pos_ub=2, neg_margin=0.1)(pred, target).item() == pytest.approx(want, rel=1e-5)
    assert L2Loss(neg_pos_ub=2, neg_margin=0.1)(pred[:0], target[:0]) == 0
