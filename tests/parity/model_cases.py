"""How to run the fixtures of whole detectors, by name."""

from copy import deepcopy
from dataclasses import replace
from typing import Any, Dict, Tuple

import numpy as np
import pytest
import torch
from mmcv import Config
from mmdet.models import build_detector
from scipy.optimize import linear_sum_assignment

from knet.backbones.swin_keys import to_mmdet
from knet.det import targets
from knet.det.kernel_update_head import StageOutput
from knet.det.targets import resize_masks, upsample
from knet.labels import COCO_PANOPTIC, ClassInfo, LabelSpace
from knet.structures import InstancePrediction
from knet.video import TRACKERS, StreamMemory
from knet.video.embeddings import NetworkOutput
from tests.models import uninitialised

from .cases import ROOT, VARIANTS, Case, fill_original
from .edges import closest_run
from .module_cases import bitmap_masks, check_segments, handles

#: Base files of the original that a fixture names, and what holds the same network here.
MOVED = {'configs/det/_base_/models/knet_kitti_step_s3_r50_fpn.py': 'configs/_base_/models/knet_s3_r50_fpn_step.py'}


def build(case: Case, **extra: Any) -> torch.nn.Module:
    """Build the detector of a case with its overrides and the deterministic weights."""
    # Detectors that had no config of their own in the original have one here.
    config = VARIANTS.get(case.spec.get('model_type')) or MOVED.get(case['config'], case['config'])
    cfg = Config.fromfile(str(ROOT / config))
    overrides = {
        f'model.{k}': v for k, v in case['overrides'].items() if k not in ('roi_head.merge_joint', 'link_previous')
    }
    cfg.merge_from_dict({'model.backbone.init_cfg': None, **extra, **overrides})
    if 'norm_cfg' in cfg.model.backbone:
        cfg.model.backbone.norm_cfg.type = 'BN'
    with uninitialised():
        model = fill_original(build_detector(cfg.model))
    return model.train(case['mode'].startswith('train'))


def remember_features(model: torch.nn.Module) -> None:
    """Let a model compute the feature pyramid of the same images only once."""
    compute, known = model.pyramid, []  # type: ignore[var-annotated]

    def pyramid(images: torch.Tensor) -> Any:
        if not known or known[0] is not images:
            known[:] = [images, compute(images)]
        return known[1]

    model.pyramid = pyramid


def padded(image: torch.Tensor, meta: Dict[str, Any]) -> torch.Tensor:
    image = image.clone()
    image[..., meta['img_shape'][0] :, :] = 0
    image[..., meta['img_shape'][1] :] = 0
    return image


@handles(
    'model_city_step_r50_image_test',
    'model_kitti_step_r50_image_test',
    'model_coco_panoptic_r50_image_test',
    'model_coco_r50_deformable_instance_test',
)
def image_test(case: Case) -> None:
    thing_first = {
        'model.test_cfg.rcnn.merge_joint': False,
        'model.test_cfg.rcnn.merge_stuff_thing': dict(_delete_=True, instance_score_thr=0.25, iou_thr=0.5),
    }
    model = build(case, **(thing_first if 'things-first' in case['description'] else {})).double()
    meta = case['input_meta']
    images = torch.stack([case.input('img_0'), case.input('img_1')]).double()
    remember_features(model)
    stride = model.roi_head.mask_head[-1].mask_upsample_stride

    @torch.no_grad()
    def run() -> StageOutput:
        return model.roi_head(model.rpn_head(model.pyramid(images)))

    def outputs(out: StageOutput) -> Dict[str, torch.Tensor]:
        is_large = case.outputs['mask_preds']['shape'] != list(out.masks.shape)
        masks = upsample(out.masks, stride) if is_large else out.masks
        return dict(cls_logits=out.cls_logits, object_feats=out.kernels, mask_preds=masks)

    out = closest_run(run, lambda found: case.mismatch(outputs(found)))
    for name, value in outputs(out).items():
        case.check(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.roi_head, 'forward', lambda *_: out)
        predictions = model.simple_test(images, [meta, meta])
    for i, prediction in enumerate(predictions):
        if isinstance(prediction, InstancePrediction):
            _check_instances(case, i, prediction)
        else:
            case.check_map(f'panoptic_{i}', prediction.panoptic)
            check_segments(prediction.segments, case['results'][i]['segments_info'], model.label_space)


def _check_instances(case: Case, i: int, prediction: InstancePrediction) -> None:
    """Compare instances class by class; those with scores less than 1e-4 apart may have changed places."""
    order = prediction.labels.argsort(kind='stable')
    scores, masks = prediction.scores[order], prediction.masks[order]
    assert np.bincount(prediction.labels, minlength=80).tolist() == case['results'][i]['per_class_counts']
    want_scores, want_masks = (case.expected(f'{kind}_per_class_order_{i}') for kind in ('scores', 'masks'))
    np.testing.assert_allclose(scores, want_scores, atol=1e-4)
    different = (masks[:, None] != want_masks[None]).mean((2, 3))
    different[np.abs(scores[:, None] - want_scores[None]) > 1e-4] = 1
    assert different[linear_sum_assignment(different)].max() <= case['tolerance']['maps_fraction_different']


def _coco_category_ids(semantic: torch.Tensor) -> torch.Tensor:
    """Return category ids from the numbering of the original: 0 = any thing, 1..53 = stuff, 255 = void."""
    lut = np.full(256, COCO_PANOPTIC.void)
    lut[:54] = COCO_PANOPTIC.dataset_ids[79:]
    return torch.from_numpy(lut)[semantic]


def _gt(case: Case, prefix: str) -> Dict[str, Any]:
    labels = case.input(f'{prefix}gt_labels')
    gt = dict(
        masks=bitmap_masks(case.input(f'{prefix}instance_index_map'), len(labels)),
        labels=labels,
        semantic=case.input(f'{prefix}gt_semantic_seg').long(),
    )
    if f'{prefix}gt_instance_ids' in case['inputs']:
        gt['ids'] = case.input(f'{prefix}gt_instance_ids')
    return gt


def check_backward(case: Case, model: torch.nn.Module, losses: Dict[str, torch.Tensor]) -> None:
    case.check_losses('losses', losses)
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    parameters = model.state_dict(keep_vars=True)
    rtol = case['tolerance']['grad_norm_rtol']
    for name, want in case.outputs['grad_norm'].items():
        name = next(iter(to_mmdet({name: torch.zeros(1)}, 'backbone.')))
        np.testing.assert_allclose(float(parameters[name].grad.norm()), want, rtol=rtol, err_msg=name)
    total = torch.stack([p.grad.norm() for p in parameters.values() if p.grad is not None]).norm()
    np.testing.assert_allclose(float(total), case.outputs.get('total_grad_norm', total), rtol=rtol)
    without = {n for n, p in parameters.items() if p.requires_grad and p.grad is None}
    assert without <= set(case.outputs.get('parameters_without_grad', ()))


@handles('model_city_step_r50_image_train', 'model_coco_panoptic_r50_image_train')
def image_train(case: Case) -> None:
    model, meta, gt = build(case), case['input_meta'], _gt(case, '')
    if model.label_space is COCO_PANOPTIC:
        gt['semantic'] = _coco_category_ids(gt['semantic'])

    def run() -> Dict[str, torch.Tensor]:
        return model.forward_train(
            padded(case.input('img'), meta)[None],
            [dict(meta)],
            gt['labels'][None],
            [gt['masks']],
            gt['semantic'][None, None],
        )

    check_backward(case, model, closest_run(run, lambda losses: case.losses_mismatch('losses', losses)))


def _match_reference_with_probabilities(model: torch.nn.Module) -> None:
    """Hand probabilities instead of logits to the matching of the reference frame, as the original variant did."""
    match, calls = model.roi_head.match, []

    def patched(stage: int, masks: torch.Tensor, cls_logits: torch.Tensor, truth: list) -> list:
        calls.append(stage)
        is_reference = calls.count(-1) == 2 and stage == -1
        return match(stage, masks, cls_logits.sigmoid() if is_reference else cls_logits, truth)

    model.roi_head.match = patched


@handles(
    'model_kitti_step_r50_video_train',
    'model_kitti_step_swinb_update_video_train',
    'model_vipseg_r50_video_train',
    'model_variant_embed_fc_train',
    'model_variant_quansi_track_train',
    'model_variant_roi_gt_box_train',
    'model_variant_roi_gt_box_joint_train',
)
def video_train(case: Case) -> None:
    # In float64, as streams are: a flipped pixel of the reference frame reaches the key frame through the link.
    model, meta = build(case).double(), case['input_meta']
    if case.spec.get('model_type') == 'VideoKNetQuansiEmbedFC':
        _match_reference_with_probabilities(model)
    if case.spec.get('model_type') == 'VideoKNetQuansiTrack':
        # The original variant did not know KITTI-STEP: it took pixels with id 1..17 for stuff class 0..16.
        model.label_space = LabelSpace(
            'misread', [ClassInfo(str(i), (0, 0, 0), i > 17, i) for i in (*range(1, 18), 200, 201)]
        )
    gt, ref = _gt(case, ''), _gt(case, 'ref_')

    def column(values: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.zeros(len(values)), values], dim=1).double()

    def run() -> Dict[str, torch.Tensor]:
        return model.forward_train(
            padded(case.input('img'), meta)[None].double(),
            [dict(meta)],
            [gt['labels']],
            [gt['masks']],
            [gt['ids']],
            gt['semantic'][None, None],
            padded(case.input('ref_img'), meta)[None, None].double(),
            [[dict(meta)]],
            [column(ref['labels'])],
            [[ref['masks']]],
            [column(ref['ids'])],
            ref['semantic'][None, None, None],
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(targets, 'resize_masks', lambda *args: resize_masks(*args).double())
        losses = closest_run(run, lambda losses: case.losses_mismatch('losses', losses))
    check_backward(case, model, losses)


@handles(
    'model_kitti_step_r50_video_stream',
    'model_kitti_step_r50_video_stream_lowmatch',
    'model_kitti_step_swinb_update_video_stream',
    'model_vipseg_r50_video_stream',
    'model_variant_embed_fc_stream',
    'model_variant_toy_link_stream',
    'model_variant_toy_nolink_stream',
    'model_variant_roi_gt_box_stream',
)
def video_stream(case: Case) -> None:
    # In float64: masks are cut hard between stages, and in float32 it depends on the machine's convolution routines
    # on which side of 0 a logit of 1e-7 falls.
    model = build(case).double()
    remember_features(model)
    memory, paper_memory = model.new_stream(), model.new_stream()
    for t, frame in enumerate(case['frames']):
        memory = _check_frame(case, model, memory, paper_memory, t, frame)


@torch.no_grad()
def _check_frame(
    case: Case, model: torch.nn.Module, before: StreamMemory, paper_memory: StreamMemory, t: int, frame: dict
) -> StreamMemory:
    """Run one frame through the network, and through fusion and tracking with both orders of ids; return the memory."""
    meta = {**case['input_meta'], 'video_id': 3, 'frame_id': case['input_meta']['img_id'][t], 'is_first_frame': t == 0}
    image = case.input(f'img_{t}')[None].double()

    def run() -> Tuple[NetworkOutput, StreamMemory]:
        memory = deepcopy(before)
        return model.forward_network(image, meta, memory), memory

    def outputs(out: StageOutput) -> Dict[str, torch.Tensor]:
        masks = upsample(out.masks, model.roi_head.mask_head[-1].mask_upsample_stride)[0]
        return {f'cls_score_{t}': out.cls_logits[0].sigmoid(), f'mask_logits_{t}': masks}

    output, memory = closest_run(run, lambda found: case.mismatch(outputs(found[0].stage)))
    for name, value in outputs(output.stage).items():
        case.check(name, value)
    if t == 0:
        paper_memory.tracker = TRACKERS.build(dict(model.tracker_cfg))
    paper_memory.frame_id = memory.frame_id
    for stream, paper_id_order in ((memory, False), (paper_memory, True)):
        model.fusion = replace(model.fusion, paper_id_order=paper_id_order)
        prediction = model.begin_frame(output, meta, stream)()
        intended = f'intended_track_map_{t}'
        drops = not paper_id_order and intended in case.outputs
        case.check_map(intended if drops else f'track_map_{t}', prediction.instance)
    case.check_map(f'panoptic_{t}', prediction.panoptic)
    case.check_map(f'semantic_map_{t}', prediction.semantic)
    check_segments(prediction.segments, frame['segments_info'], model.label_space)
    things = [s for s in prediction.segments if s.is_thing]
    if things:
        index_map = torch.full(prediction.panoptic.shape, -1)
        for i, segment in enumerate(things):
            index_map[torch.from_numpy(prediction.panoptic == segment.id)] = i
        rows = model.embedding.of_segments(output, things, index_map, meta)
        case.check(f'track_feats_{t}', model.track_head(rows))
    return memory
