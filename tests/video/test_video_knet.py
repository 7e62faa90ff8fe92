"""Video K-Net: training on pairs, streams with explicit memory, identities of segments."""

from typing import Any, List

import numpy as np
import pytest
import torch
from mmcv.parallel import DataContainer, MMDataParallel
from mmdet.apis import single_gpu_test
from torch.utils.data import DataLoader

from knet.apis.stream_entry import StreamEntry
from knet.structures import PanopticPrediction
from knet.video import TRACKERS, MaskPoolEmbedding, Tracker
from knet.video.trackers import Detections, Matches
from tests.models import build_toy_model, meta, pair_batch, total

IMAGE = (1, 3, 64, 96)


def frames(count: int, seed: int = 0) -> List[torch.Tensor]:
    torch.manual_seed(seed)
    base = torch.randn(IMAGE)
    return [base + 0.1 * torch.randn(IMAGE) for _ in range(count)]


def lively_model(**overrides: Any) -> torch.nn.Module:
    """Build a model with random weights whose things pass all thresholds, so that there is something to track."""
    model = build_toy_model(
        test_cfg__rcnn__merge_stuff_thing__instance_score_thr=0.0,
        test_cfg__rcnn__merge_stuff_thing__iou_thr=1.0,
        tracker__init_score_thr=0.0,
        tracker__obj_score_thr=0.0,
        tracker__match_score_thr=0.1,
        **overrides,
    ).eval()
    with torch.no_grad():
        for head in model.roi_head.mask_head:
            head.fc_cls.bias[:2] += 4
    return model


def run(
    model: torch.nn.Module, images: List[torch.Tensor], memory: Any, video_id: int = 0, first: int = 0
) -> List[PanopticPrediction]:
    return [model.step(image, meta(video_id, first + t), memory) for t, image in enumerate(images)]


@pytest.mark.parametrize(
    'things, ref_things', [([2], [3]), ([0], [2]), ([2], [0]), ([0], [0]), ([3, 0], [2, 1]), ([1, 2, 4], [1, 2, 4])]
)
@pytest.mark.parametrize('kind', ['VideoKNetQuansiEmbedFCJointTrain', 'VideoKNetQuansiEmbedFC'])
def test_any_batch_of_pairs_trains(kind: str, things: List[int], ref_things: List[int]) -> None:
    model = build_toy_model(type=kind).train()
    losses = model.forward_train(**pair_batch(things, ref_things))
    total(losses).backward()
    assert all(torch.isfinite(value).all() for value in losses.values())
    unused = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    # Parameters without gradient would need find_unused_parameters in distributed training.
    assert unused == []
    assert any(name.endswith('_ref') for name in losses) == (kind == 'VideoKNetQuansiEmbedFCJointTrain')


def test_only_the_last_stage_trains_its_links() -> None:
    model = build_toy_model()
    trainable = {int(n.split('.')[2]) for n, p in model.named_parameters() if '_link.' in n and p.requires_grad}
    assert trainable == {2}


@pytest.mark.parametrize('kind', ['VideoKNetQuansiEmbedFC', 'VideoKNetQuansiEmbedFCJointTrain', 'VideoKNetQuansiTrack'])
def test_presets_are_defaults_that_a_config_may_override(kind: str) -> None:
    assert type(build_toy_model(type=kind, embedding='mask_pool').embedding) is MaskPoolEmbedding
    model = build_toy_model(type=kind, ref_losses=False, semantic_filter=True)
    assert (model.ref_losses, model.semantic_filter) == (False, True)


def test_several_references_are_refused() -> None:
    batch = pair_batch([1], [1])
    batch['ref_img'] = batch['ref_img'].repeat(1, 2, 1, 1, 1)
    batch['ref_gt_semantic_seg'] = batch['ref_gt_semantic_seg'].repeat(1, 2, 1, 1, 1)
    for name in ('ref_img_metas', 'ref_gt_masks'):
        batch[name] = [entries * 2 for entries in batch[name]]
    for name in ('ref_gt_labels', 'ref_gt_instance_ids'):
        batch[name] = [torch.cat([rows, rows + torch.tensor([1, 0])]) for rows in batch[name]]
    with pytest.raises(ValueError, match='samples have 2 reference frames'):
        build_toy_model().forward_train(**batch)


def test_identity_losses_need_a_shared_identity() -> None:
    model = build_toy_model().eval()
    batch = pair_batch([2], [2])
    with torch.no_grad():
        assert model.forward_train(**batch)['loss_track'] > 0
        batch['ref_gt_instance_ids'][0][:, 1] += 50
        losses = model.forward_train(**batch)
    assert losses['loss_track'] == 0 and losses['loss_track_aux'] == 0


def test_without_links_the_previous_frame_changes_nothing() -> None:
    model = lively_model(link_previous=False)
    images = frames(2)
    alone = model.step(images[1], meta(1, 0), model.new_stream())
    after = run(model, images, model.new_stream())[1]
    np.testing.assert_array_equal(alone.panoptic, after.panoptic)


def test_two_streams_of_one_model_do_not_mix() -> None:
    model = lively_model()
    first, second = frames(4, 1), frames(4, 2)
    apart = [run(model, first, model.new_stream(), 1), run(model, second, model.new_stream(), 2)]
    memories = [model.new_stream(), model.new_stream()]
    for t in range(4):
        for index, images in enumerate((first, second)):
            prediction = model.step(images[t], meta(index + 1, t), memories[index])
            np.testing.assert_array_equal(prediction.instance, apart[index][t].instance)
            np.testing.assert_array_equal(prediction.semantic, apart[index][t].semantic)


def test_memory_starts_anew_with_the_video() -> None:
    """One memory over two videos gives what a fresh memory gives, whatever the number of the first frame."""
    model = lively_model()
    images = frames(3, 3)
    fresh = run(model, images, model.new_stream(), video_id=8, first=7)
    memory = model.new_stream()
    run(model, frames(3, 4), memory, video_id=5)
    again = run(model, images, memory, video_id=8, first=7)
    rewound = run(model, images, memory, video_id=8, first=7)
    for want, one, two in zip(fresh, again, rewound):
        np.testing.assert_array_equal(want.instance, one.instance)
        np.testing.assert_array_equal(want.instance, two.instance)


def test_track_ids_start_at_one_and_belong_to_segments() -> None:
    model = lively_model()
    predictions = run(model, frames(3), model.new_stream())
    things = [s for s in predictions[0].segments if s.is_thing]
    assert things and sorted(s.track_id for s in things if s.track_id) == list(
        range(1, 1 + sum(s.track_id > 0 for s in things))
    )
    for prediction in predictions:
        for segment in prediction.segments:
            mask = prediction.panoptic == segment.id
            assert mask.sum() == segment.area
            assert set(np.unique(prediction.instance[mask])) == {segment.track_id}
            assert set(np.unique(prediction.semantic[mask])) == {segment.category}
        assert (prediction.instance[prediction.panoptic == 0] == 0).all()


@pytest.mark.parametrize('tracker', [dict(type='MaskIoUTracker', match_iou_thr=0.1), dict(type='NewIdTracker')])
def test_other_trackers_by_config(tracker: dict) -> None:
    model = lively_model()
    model.tracker_cfg = tracker
    predictions = run(model, [frames(1)[0]] * 2, model.new_stream())
    ids = [{s.track_id for s in p.segments if s.is_thing} for p in predictions]
    if tracker['type'] == 'NewIdTracker':
        assert not ids[0] & ids[1]
    else:
        assert ids[0] & ids[1]


def test_framework_entry_equals_the_stream() -> None:
    model = lively_model()
    images = frames(2)
    want = run(model, images, model.new_stream())
    samples = [
        dict(img=[image], img_metas=[DataContainer([[meta(0, t)]], cpu_only=True)]) for t, image in enumerate(images)
    ]
    loader = DataLoader(samples, batch_size=None, collate_fn=None)
    results = single_gpu_test(MMDataParallel(StreamEntry(model), []), loader)
    for result, prediction in zip(results, want):
        np.testing.assert_array_equal(result.instance, prediction.instance)
    with pytest.raises(ValueError, match='one frame at a time'):
        model.simple_test(torch.cat(images), [meta(), meta()])
    with pytest.raises(ValueError, match='keeps nothing of a video itself.*tools/test_step.py'):
        model(return_loss=False, rescale=True, img=[images[0]], img_metas=[[meta()]])
    with pytest.raises(TypeError, match='Linear predicts no streams'):
        StreamEntry(torch.nn.Linear(1, 1))


def test_a_tracker_from_outside() -> None:
    """One class, registered, and named by a config."""

    @TRACKERS.register_module(force=True)
    class OneTrack(Tracker):
        """The best thing of every frame is track 4, the others have none."""

        def match(self, detections: Detections, frame_id: int) -> Matches:
            order = detections.boxes[:, 4].argsort(descending=True)
            return Matches(order, torch.tensor([4] + [-1] * (len(order) - 1)))

    model = build_toy_model(
        test_cfg__rcnn__merge_stuff_thing__instance_score_thr=0.0,
        test_cfg__rcnn__merge_stuff_thing__iou_thr=1.0,
        tracker=dict(_delete_=True, type='OneTrack'),
    ).eval()
    for prediction in run(model, frames(2), model.new_stream()):
        ids = sorted((s for s in prediction.segments if s.is_thing), key=lambda s: -s.score)
        assert [s.track_id for s in ids] == [5] + [0] * (len(ids) - 1)


@pytest.mark.parametrize(
    'option, value, message',
    [
        ('embedding', 'kernel', 'embedding'),
        ('roi_head__mask_head__previous_type', 'fnn', 'previous_type'),
        ('roi_head__mask_head__previous_link', 'attn', 'previous_link'),
        ('tracker__match_metric', 'l2', 'match_metric'),
    ],
)
def test_misspelt_options_are_named(option: str, value: str, message: str) -> None:
    kind = 'VideoKNet' if option == 'embedding' else 'VideoKNetQuansiEmbedFCJointTrain'

    def build_and_step() -> None:
        model = build_toy_model(type=kind, **{option: value})
        model.eval().step(frames(1)[0], meta(), model.new_stream())

    with pytest.raises((ValueError, TypeError), match=message):
        build_and_step()
