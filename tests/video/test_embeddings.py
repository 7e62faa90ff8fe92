"""What the tracker compares: hand-computed rows, and detectors that train and track with each kind."""

from typing import List

import pytest
import torch
from torch import Tensor

from knet.det.chained_conv import PendingConv
from knet.det.kernel_head import Proposals
from knet.det.targets import ImageTargets
from knet.structures import Segment
from knet.video import NetworkOutput, build_embedding
from knet.video.embeddings import deviation_boxes
from tests.models import build_toy_model, meta, pair_batch, total

from .test_video_knet import frames, lively_model, run

pytestmark = pytest.mark.slow

ROI = dict(
    type='SingleRoIExtractor',
    roi_layer=dict(type='RoIAlign', output_size=2, sampling_ratio=2),
    featmap_strides=[4, 8, 16, 32],
)
ROI_HEAD = dict(num_convs=1, roi_feat_size=2, norm_cfg=dict(type='GN', num_groups=8))
#: Overrides of the toy model for the presets whose embedding reads masks.
KINDS = dict(
    mask_pool=dict(type='VideoKNetQuansiTrack'),
    roi=dict(type='VideoKNetQuansiTrackROIGTBox', bbox_roi_extractor=ROI, track_head=ROI_HEAD),
    roi_joint=dict(type='VideoKNetQuansiTrackROIGTBoxJointTrain', bbox_roi_extractor=ROI, track_head=ROI_HEAD),
)
UNLINKED = dict(link_previous=False, roi_head__mask_head__previous_type=None)


def output(feats: Tensor, pyramid: tuple = ()) -> NetworkOutput:
    return NetworkOutput(Proposals(None, feats, None, None), None, pyramid)


def targets(masks: List[Tensor]) -> List[ImageTargets]:
    return [
        ImageTargets(m, torch.zeros(len(m), dtype=torch.long), m[:0], torch.zeros(0, dtype=torch.long)) for m in masks
    ]


def segments(count: int) -> List[Segment]:
    return [Segment(id=i + 1, category=11, is_thing=True, score=0.9, area=1, kernel=i) for i in range(count)]


def test_pooled_features_by_hand() -> None:
    """Sum under the mask / (pixels + 1); annotated masks count wherever they are > 0, frames do not mix."""
    feats = torch.arange(16.0).view(1, 1, 4, 4).repeat(2, 1, 1, 1)
    feats[1] += 100
    masks = torch.zeros(2, 4, 4)
    masks[0, 0, :2] = 0.3  # pixels 0 and 1
    masks[1, 3] = 1  # pixels 12 to 15
    rows, instances = build_embedding('mask_pool', 1).of_targets(output(feats), targets([masks, masks[:1]]), None)
    torch.testing.assert_close(rows, torch.tensor([[1 / 3], [54 / 5], [201 / 3]]))
    assert [i.tolist() for i in instances] == [[0, 1], [0]]


def test_predicted_masks_lie_where_the_image_lies_in_the_padded_frame() -> None:
    feats = torch.arange(16.0).view(1, 1, 4, 4)
    index_map = torch.full((4, 6), -1)  # twice the size of the image, which fills the left three columns of two rows
    index_map[2:, 4:] = 0
    row = build_embedding('mask_pool', 1).of_segments(
        output(feats), segments(1), index_map, dict(img_shape=(2, 3, 3), batch_input_shape=(4, 4))
    )
    assert row.tolist() == [[6 / 2]]


def test_boxes_by_hand() -> None:
    masks = torch.zeros(3, 10, 20, dtype=torch.bool)
    masks[0, 2:6, 4:12] = True  # centre (7.5, 3.5), mean deviation (2, 1)
    masks[1, 9, 19] = True  # one pixel: deviation at least 1
    boxes = deviation_boxes(masks)
    torch.testing.assert_close(boxes, torch.tensor([[3.5, 1.5, 11.5, 5.5], [17, 7, 21, 11], [0, 0, 0, 0]]))
    masks[0] = False
    masks[0, :2, :2] = True
    assert deviation_boxes(masks)[0].tolist() == [0, 0, 2.5, 2.5]


def test_features_in_boxes() -> None:
    """On levels that hold their own column numbers, a box pools its columns."""
    embedding = build_embedding(dict(type='roi', roi_extractor=ROI), 1)
    pyramid = tuple(torch.arange(64.0 / s)[None, None, None].expand(1, 1, 64 // s, -1) for s in (4, 8, 16, 32))
    masks = torch.zeros(1, 32, 32)
    masks[0, 8:16, 8:16] = 1
    rows, _ = embedding.of_targets(output(None, embedding.keep(pyramid)), targets([masks]), None)
    assert rows.shape == (1, 1, 2, 2)
    # Twice as large, the mask touches columns 15..32: centre 23.5, mean deviation 4.5, box 14.5..32.5. On the level of
    # stride 4 that is 3.125..7.625 (pixel centres lie at half); the centres of its halves are 4.25 and 6.5.
    assert rows[0, 0].tolist() == [[4.25, 6.5]] * 2


def test_pending_levels_are_computed_for_boxes() -> None:
    embedding = build_embedding(dict(type='roi', roi_extractor=ROI), 2)
    conv = torch.nn.Conv2d(2, 2, 3, padding=1)
    x = torch.randn(1, 2, 8, 8)
    level = PendingConv(x, torch.nn.Conv2d(2, 2, 1), torch.randn(1, 2, 4, 4), conv)
    kept = embedding.keep([level, x])
    torch.testing.assert_close(kept[0], level())
    assert kept[1] is x and embedding.keep([x.half()])[0].dtype == torch.float32
    assert build_embedding('mask_pool', 2).keep([x]) == build_embedding('query', 2).keep([x]) == ()


@pytest.mark.parametrize('kind', sorted(KINDS))
@pytest.mark.parametrize('things, ref_things', [([2], [3]), ([0], [2]), ([0], [0]), ([3, 0], [2, 1])])
def test_every_kind_trains(kind: str, things: List[int], ref_things: List[int]) -> None:
    model = build_toy_model(**KINDS[kind], **UNLINKED).train()
    losses = model.forward_train(**pair_batch(things, ref_things))
    total(losses).backward()
    assert all(torch.isfinite(value).all() for value in losses.values())
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    assert any(name.endswith('_ref') for name in losses) == (kind == 'roi_joint')
    shared = min(len(things), 1) and min(things[0], ref_things[0])
    assert (losses['loss_track'] > 0) == bool(shared)


@pytest.mark.parametrize('kind', ['mask_pool', 'roi'])
def test_every_kind_tracks(kind: str) -> None:
    model = lively_model(**KINDS[kind], **UNLINKED)
    image = frames(1)[0]
    predictions = run(model, [image, image], model.new_stream())
    ids = [[s.track_id for s in p.segments if s.is_thing and s.track_id] for p in predictions]
    assert ids[0] and ids[0] == ids[1]


def test_kernels_may_be_linked_while_features_are_compared() -> None:
    model = build_toy_model(
        **KINDS['mask_pool'],
        roi_head__mask_head__previous_type=None,
        roi_head__mask_head__previous_link='update_dynamic_cov',
    ).train()
    total(model.forward_train(**pair_batch([2], [2]))).backward()
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    model.eval().step(frames(1)[0], meta(), model.new_stream())
