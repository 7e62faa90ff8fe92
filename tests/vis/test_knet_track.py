"""The clip model trains on any clip, starts from image weights, and sees a video the same however it is cut."""

from typing import Any, Dict, List

import numpy as np
import pycocotools.mask as coco_mask
import pytest
import torch
from mmcv.runner import load_checkpoint as mmcv_load_checkpoint

from knet.apis.checkpoint import load_weights
from knet.det.targets import ImageTargets
from knet_vis.tracker import clip_targets
from tests.models import SIZE, build_toy_model, clip_batch, meta, total

pytestmark = pytest.mark.slow

CONFIG = 'configs/toy/knet_track_toy_youtubevis.py'
OPTIONS = dict(
    mean={},
    attention=dict(tracker__query_merge_method='attention'),
    attention_pos=dict(tracker__query_merge_method='attention_pos'),
    mask_init=dict(tracker__with_mask_init=True),
    all_clip=dict(tracker__assign_stages=3),
    one_clip_stage=dict(tracker__assign_stages=1),
)


@pytest.mark.parametrize(
    'things', [[[2, 1, 3]], [[0, 2]], [[0, 0, 0]], [[1]], [[2, 0], [0, 0]], [[0], [3], [1]], [[20, 1]]]
)
def test_any_clip_trains(things: List[List[int]]) -> None:
    model = build_toy_model(CONFIG).train()
    losses = model(**clip_batch(things))
    total(losses).backward()
    assert all(torch.isfinite(value).all() for value in losses.values())
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    if not any(map(sum, things)):
        zero = [name for name in losses if name.endswith(('loss_mask', 'loss_dice', 'rpn_mask', 'rpn_dice'))]
        assert len(zero) == 2 * (1 + 3 + 3)
        assert all(losses[name] == 0 for name in zero)


def test_clips_of_a_batch_do_not_mix() -> None:
    """Two copies of a clip have the losses of one."""
    model = build_toy_model(CONFIG).eval()
    one = clip_batch([[2, 1, 2]])
    two = {k: (torch.cat([v, v]) if torch.is_tensor(v) else v * 2) for k, v in one.items()}
    single, double = model(**one), model(**two)
    for name, value in single.items():
        torch.testing.assert_close(double[name], value, rtol=1e-4, atol=1e-5)


def test_unknown_merge_method_is_refused() -> None:
    with pytest.raises(ValueError, match="query_merge_method='sum'"):
        build_toy_model(CONFIG, tracker__query_merge_method='sum')


def test_impossible_assign_stages_are_refused() -> None:
    with pytest.raises(ValueError, match='assign_stages=4 must lie in 1..num_stages=3'):
        build_toy_model(CONFIG, tracker__assign_stages=4)


def test_label_space_with_stuff_is_refused() -> None:
    with pytest.raises(ValueError, match='tracks things only'):
        build_toy_model(CONFIG, label_space='kitti_step')


# ----------------------------------------------------------------- targets


def _frame(*labels: int) -> ImageTargets:
    masks = torch.zeros(len(labels), 2, 2)
    for i, mask in enumerate(masks):
        mask.flatten()[i] = i + 1
    return ImageTargets(masks, torch.tensor(labels, dtype=torch.long), masks[:0], torch.zeros(0, dtype=torch.long))


def test_tracks_are_stacked_by_ascending_id() -> None:
    clip = clip_targets(
        [_frame(4, 1), _frame(), _frame(1)],
        [torch.tensor([9, 7]), torch.tensor([], dtype=torch.long), torch.tensor([7])],
    )
    assert clip.thing_labels.tolist() == [1, 4]
    assert clip.thing_masks.flatten(2).tolist() == [
        [[0, 2, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]],
        [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
    ]
    assert clip.stuff_masks.shape == (0, 3, 2, 2)


def test_clip_without_instances() -> None:
    none = torch.zeros(0, dtype=torch.long)
    clip = clip_targets([_frame(), _frame()], [none, none])
    assert clip.thing_masks.shape == (0, 2, 2, 2)
    assert clip.thing_labels.shape == (0,)


@pytest.mark.parametrize(
    'ids,labels,message',
    [
        ([[5], [5]], [(1,), (2,)], r'instance 5 changes its label within a clip: \[1, 2\]'),
        ([[5, 5], []], [(1, 1), ()], 'an instance occurs twice in a frame'),
    ],
)
def test_contradicting_annotations_are_refused(ids: list, labels: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        clip_targets([_frame(*row) for row in labels], [torch.tensor(row, dtype=torch.long) for row in ids])


# ------------------------------------------------------------ whole videos


def video(frames: int) -> torch.Tensor:
    """Return frames (F, 3, H, W) in which something moves."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.nn.functional.interpolate(torch.randn(1, 3, 8, 12, generator=generator), size=SIZE, mode='bicubic')
    return torch.cat([picture.roll(4 * f, dims=3) for f in range(frames)])


@pytest.mark.parametrize('options', OPTIONS.values(), ids=OPTIONS)
def test_cut_of_the_video_does_not_matter(options: Dict[str, Any]) -> None:
    """Bit for bit; and whole videos agree with the tracker on one clip."""
    model = build_toy_model(CONFIG, **options).eval()
    frames, info = video(7), meta()
    info['ori_shape'] = (100, 150, 3)
    info['img_shape'] = (60, 90, 3)
    whole = model.predict_video([frames], info)
    assert [code['size'] for code in whole.segmentations[0]] == [[100, 150]] * 7
    for cut in ([1] * 7, [3, 4], [5, 0, 2]):
        parts = model.predict_video(iter(frames.split(cut)), info)
        np.testing.assert_array_equal(parts.scores, whole.scores)
        np.testing.assert_array_equal(parts.labels, whole.labels)
        assert parts.segmentations == whole.segmentations
    with torch.no_grad():
        out = model.tracker(model.forward_frames(frames))
    scores, pairs = out.cls_logits[0].sigmoid().flatten().topk(10)
    np.testing.assert_allclose(whole.scores, scores, atol=1e-5)
    masks = torch.nn.functional.interpolate(out.masks, scale_factor=2, mode='bilinear').sigmoid()
    masks = torch.nn.functional.interpolate(masks, size=SIZE, mode='bilinear')[..., :60, :90]
    masks = torch.nn.functional.interpolate(masks, size=(100, 150), mode='bilinear') > 0.5
    for rank, query in enumerate((pairs // 40).tolist()):
        mine = np.stack([coco_mask.decode(code) for code in whole.segmentations[rank]]).astype(bool)
        assert (mine != masks[:, query].numpy()).mean() < 1e-3


def test_video_of_one_frame() -> None:
    tracks = build_toy_model(CONFIG).eval().predict_video([video(1)], meta())
    assert [len(track) for track in tracks.segmentations] == [1] * 10
    assert (np.diff(tracks.scores) <= 0).all()


def test_entry_of_mmdet() -> None:
    model = build_toy_model(CONFIG).eval()
    frames, metas = video(3), [meta() for _ in range(3)]
    through = model(return_loss=False, img_metas=[[metas[0]]], ref_img=[frames[None]], ref_img_metas=[[metas]])[0]
    assert through.segmentations == model.predict_video([frames], metas[0]).segmentations
    with pytest.raises(ValueError, match='test-time augmentation'):
        model(return_loss=False, img_metas=[[metas[0]]] * 2, ref_img=[frames[None]] * 2, ref_img_metas=[[metas]] * 2)


@pytest.mark.parametrize(
    'chunks,message',
    [
        ([], 'a video without frames'),
        ([torch.zeros(0, 3, 64, 96)], 'a video without frames'),
        ([torch.zeros(1, 3, 64, 96), torch.zeros(1, 3, 64, 64)], 'frames of a video must have one size'),
        ([torch.zeros(5, 3, 64, 96), torch.zeros(1, 3, 64, 64)], 'frames of a video must have one size'),
    ],
)
def test_impossible_videos(chunks: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_toy_model(CONFIG).eval().predict_video(chunks, meta())


# --------------------------------------------------------------- weights


def test_tracker_starts_with_focal_prior() -> None:
    model = build_toy_model(CONFIG)
    prior = -float(np.log(99))
    for head in (*model.roi_head.mask_head, *model.tracker.mask_head[:2]):
        torch.testing.assert_close(head.fc_cls.bias, torch.full((40,), prior))
    assert not hasattr(model.tracker.mask_head[2], 'fc_cls')


def _image_weights() -> Dict[str, torch.Tensor]:
    """Return the weights of an image K-Net with 80 classes and otherwise the same heads."""
    torch.manual_seed(1)
    image = build_toy_model('configs/toy/knet_toy_coco_instance.py')
    return {key: torch.randn_like(v) if v.is_floating_point() else v for key, v in image.state_dict().items()}


def test_image_weights_fill_the_tracker() -> None:
    model, weights = build_toy_model(CONFIG), _image_weights()
    prior = model.tracker.mask_head[0].fc_cls.bias.clone()
    report = load_weights(model, weights)
    for stage in range(3):
        for name, value in model.tracker.mask_head[stage].state_dict().items():
            if not name.startswith('fc_cls'):
                assert torch.equal(value, weights[f'roi_head.mask_head.{stage}.{name}']), name
    assert torch.equal(model.tracker.mask_head[0].fc_cls.bias, prior)
    assert report.missing == [f'tracker.mask_head.{s}.fc_cls.{kind}' for s in (0, 1) for kind in ('weight', 'bias')]
    assert len(report.mismatched) == 2 * (1 + 3)
    assert report.unexpected == []
    assert report.remapped['tracker.mask_head.2.fc_mask.bias'] == 'roi_head.mask_head.2.fc_mask.bias'
    assert 'tensors filled from others:\n    tracker.mask_head.0.' in report.table()


def test_weights_with_a_tracker_are_not_remapped() -> None:
    model = build_toy_model(CONFIG)
    load_weights(model, _image_weights())
    report = load_weights(model, {k: v + 1 for k, v in model.state_dict().items()})
    assert report.exact and not report.remapped and not model.remapped


def test_mmcv_fills_the_tracker_too(tmp_path: Any) -> None:
    weights = _image_weights()
    torch.save(dict(state_dict=weights), str(tmp_path / 'image.pth'))
    model = build_toy_model(CONFIG)
    mmcv_load_checkpoint(model, str(tmp_path / 'image.pth'), map_location='cpu')
    key = 'mask_head.1.attention.attn.in_proj_weight'
    assert torch.equal(model.tracker.state_dict()[key], weights[f'roi_head.{key}'])


def test_detector_initialised_from_a_checkpoint(tmp_path: Any) -> None:
    """What the checkpoint cannot fill has the focal prior."""
    weights = _image_weights()
    torch.save(dict(state_dict=weights), str(tmp_path / 'image.pth'))
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'image.pth'))
    model = build_toy_model(CONFIG, init_cfg=init_cfg)
    assert torch.equal(model.rpn_head.init_kernels.weight, weights['rpn_head.init_kernels.weight'])
    prior = torch.full((40,), -float(np.log(99)))
    for bias in (
        model.rpn_head.conv_seg.bias,
        model.roi_head.mask_head[0].fc_cls.bias,
        model.tracker.mask_head[1].fc_cls.bias,
    ):
        torch.testing.assert_close(bias, prior)
