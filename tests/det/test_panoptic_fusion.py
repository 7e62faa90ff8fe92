"""Fusion of scored masks, compared with the definition computed in full."""

from typing import List, Tuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.det.fusion_options import FusionOptions, JointMerge, ThingFirstMerge
from knet.det.panoptic_fusion import Candidates, MaskResizer, find_owners, fuse, select_candidates, semantic_map
from knet.labels import ClassInfo, LabelSpace

THRESHOLDS = dict(instance_score_thr=0.3, overlap_thr=0.5)
SPACE = LabelSpace('two_of_each', [ClassInfo(str(i), (0, 0, 0), i >= 2, i + 3) for i in range(4)])


def scene(seed: int, num_queries: int = 12, spread: float = 4.0) -> Tuple[torch.Tensor, MaskResizer]:
    """Return random class scores (Q, K) and the masks of a padded, rescaled image."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(num_queries + SPACE.num_stuff, SPACE.num_classes, generator=generator)
    masks = torch.randn(num_queries + SPACE.num_stuff, 4, 6, generator=generator) * spread
    meta = dict(batch_input_shape=(32, 48), img_shape=(30, 41, 3), ori_shape=(45, 60, 3))
    return scores, MaskResizer(masks, 2, meta)


def reference_merge(scores: torch.Tensor, resizer: MaskResizer) -> Tuple[np.ndarray, List[tuple]]:
    """Merge jointly by the definition: all masks at full size, plain arg-max, one mask after the other."""
    num_things = len(scores) - SPACE.num_stuff
    top, pairs = scores[:num_things, :2].flatten().topk(min(20, num_things * 2))
    things = torch.arange(len(scores))[pairs // 2]
    stuff_scores, stuff = scores[num_things:, 2:].diagonal().sort(descending=True)
    all_scores = torch.cat([top, stuff_scores])
    labels = torch.cat([pairs % 2, stuff + 2])
    kernels = torch.cat([things, stuff + num_things])
    probs = F.interpolate(resizer.masks[kernels][None], scale_factor=2, mode='bilinear').sigmoid()
    probs = F.interpolate(probs, size=(32, 48), mode='bilinear')[..., :30, :41]
    probs = F.interpolate(probs, size=(45, 60), mode='bilinear')[0]
    owner = (all_scores[:, None, None] * probs).argmax(0)
    panoptic, records = np.zeros((45, 60), np.int32), []
    for k in all_scores.argsort(descending=True, stable=True).tolist():
        if labels[k] < 2 and all_scores[k] < THRESHOLDS['instance_score_thr']:
            continue
        area, original = int((owner == k).sum()), int((probs[k] >= 0.5).sum())
        if not area or not original or area / original < THRESHOLDS['overlap_thr']:
            continue
        records.append((int(SPACE.dataset_ids[labels[k]]), int(kernels[k]), area))
        panoptic[(owner == k).numpy()] = len(records)
    return panoptic, records


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), num_queries=st.integers(1, 30), spread=st.sampled_from([0.5, 3.0, 20.0]))
def test_early_stop_changes_nothing(seed: int, num_queries: int, spread: float) -> None:
    scores, resizer = scene(seed, num_queries, spread)
    panoptic, segments = fuse(scores, resizer, SPACE, FusionOptions(20, JointMerge(**THRESHOLDS)))
    want_map, want = reference_merge(scores, resizer)
    np.testing.assert_array_equal(panoptic, want_map)
    assert [(s.category, s.kernel, s.area) for s in segments] == want
    assert [s.id for s in segments] == list(range(1, len(segments) + 1))


def test_most_masks_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks that can win nowhere are never brought to full size."""
    scores, resizer = scene(0, 60)
    scores[10:60] *= 1e-3
    resizer.masks[:10] = 20
    visited = []
    call = MaskResizer.__call__
    monkeypatch.setattr(MaskResizer, '__call__', lambda self, i: visited.extend(i.tolist()) or call(self, i))
    find_owners(select_candidates(scores, 2, 2, 60), resizer)
    assert len(visited) < 30


def test_equal_values_go_to_the_first_candidate() -> None:
    """Candidates 3 and 5 are equal; the visit in order of their bounds must not prefer the later one."""
    masks = torch.full((20, 4, 4), -3.0)
    masks[[3, 5]] = 3.0
    meta = dict(batch_input_shape=(16, 16), img_shape=(16, 16, 3), ori_shape=(16, 16, 3))
    candidates = Candidates(torch.full((20,), 0.9), torch.zeros(20, dtype=torch.long), torch.arange(20).flip(0))
    owners = find_owners(candidates, MaskResizer(masks.flip(0), 2, meta))
    assert owners.owner.unique().tolist() == [3]


def test_twins_share_an_object_jointly_and_not_thing_first() -> None:
    """Two masks claim one object, each surer of one half of it; sky lies behind, a speck of road is too small."""
    logits = torch.full((5, 8, 16), -9.0)
    logits[0, :, :8], logits[1, :, :8] = 2.0, 2.0
    logits[0, :, :4], logits[1, :, 4:8] = 6.0, 6.0
    logits[2, :2, :2] = 9.0
    logits[3, :, 6:] = 1.0
    logits[4, 0, 15] = 9.0
    meta = dict(batch_input_shape=(8, 16), img_shape=(8, 16, 3), ori_shape=(8, 16, 3))
    resizer = MaskResizer(logits, 1, meta)
    scores = torch.tensor([[0.9, 0, 0, 0], [0.8, 0, 0, 0], [0.2, 0, 0, 0], [0, 0, 0.7, 0], [0, 0, 0, 0.6]])
    joint, _ = fuse(scores, resizer, SPACE, FusionOptions(20, JointMerge(**THRESHOLDS)))
    assert joint[0, 0] != joint[0, 5]
    panoptic, segments = fuse(scores, resizer, SPACE, FusionOptions(20, ThingFirstMerge(stuff_max_area=4)))
    want = torch.ones(8, 16, dtype=torch.int32)
    want[:, 8:] = 2
    assert torch.equal(panoptic, want)
    assert [(s.kernel, s.is_thing, s.area) for s in segments] == [(0, True, 64), (3, False, 64)]


@pytest.mark.parametrize('unassigned, expected', [('class0', {0}), ('void', {255})])
def test_pixels_of_no_segment(unassigned: str, expected: set) -> None:
    scores, resizer = scene(1)
    panoptic = torch.zeros(45, 60, dtype=torch.int32)
    semantic = semantic_map(panoptic, [], SPACE, unassigned, scores, resizer)
    assert semantic.dtype == torch.uint8 and set(semantic.unique().tolist()) == expected


def test_best_stuff_fills_holes_only() -> None:
    scores, resizer = scene(2)
    panoptic, segments = fuse(scores, resizer, SPACE, FusionOptions(20, JointMerge(0.9, 0.8)))
    filled = semantic_map(panoptic, segments, SPACE, 'stuff', scores, resizer)
    void = semantic_map(panoptic, segments, SPACE, 'void', scores, resizer)
    holes = panoptic == 0
    assert holes.any() and torch.equal(filled[~holes], void[~holes])
    assert set(filled[holes].unique().tolist()) <= set(SPACE.stuff_ids)


def test_options_of_the_config() -> None:
    """Defaults are documented once; what a config says replaces them."""
    assert FusionOptions.from_config({}) == FusionOptions(100, JointMerge(0.3, 0.6), 'void', False)
    given = dict(max_per_img=7, merge_joint=False, merge_stuff_thing=dict(iou_thr=0.4), unassigned='stuff')
    assert FusionOptions.from_config(given) == FusionOptions(7, ThingFirstMerge(iou_thr=0.4), 'stuff')


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(max_per_image=1), "test_cfg.rcnn has no option 'max_per_image'; choose from max_per_img, "),
        (dict(merge_stuff_thing=dict(iou_thr=0.5)), "JointMerge.* has no option 'iou_thr'; choose from .*overlap_thr"),
        (dict(unassigned='road'), "unassigned='road'; choose one of .*class0"),
    ],
)
def test_misspelt_options_of_the_config(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FusionOptions.from_config(options)
