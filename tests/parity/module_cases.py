"""How to run the fixtures of single modules, by name."""

from typing import Callable, Dict, List

import numpy as np
import torch
from mmcv import Config
from mmcv.cnn.bricks.transformer import build_transformer_layer
from mmdet.core import BitmapMasks, build_assigner, build_sampler
from mmdet.models.builder import build_backbone, build_head, build_loss, build_neck

from knet.det.kernel_head import Proposals
from knet.det.panoptic_fusion import Candidates, find_owners, merge_jointly, merge_thing_first
from knet.det.targets import ImageTargets, semantic_target, split_semantic_map
from knet.labels import KITTI_STEP, ClassInfo, LabelSpace
from knet.video.trackers import TRACKERS, Detections

from .cases import ROOT, Case, fill, fill_original, modern

HANDLERS: Dict[str, Callable[[Case], None]] = {}


def handles(*names: str) -> Callable:
    def register(function: Callable[[Case], None]) -> Callable[[Case], None]:
        HANDLERS.update(dict.fromkeys(names, function))
        return function

    return register


def filled_head(case: Case) -> torch.nn.Module:
    cfg = modern(case['ctor'])
    if 'train_cfg' in case.spec:
        cfg['train_cfg'] = modern(case['train_cfg'])
    return fill.fill_(build_head(cfg))


@handles('mod_kernel_updator')
def kernel_updator(case: Case) -> None:
    module = fill.fill_(build_transformer_layer(modern(case['ctor']))).eval()
    for suffix in ('', '_k9'):
        case.check(f'output{suffix}', module(case.input('update_feature'), case.input(f'input_feature{suffix}')))


@handles('mod_kernel_update_head')
def kernel_update_head(case: Case) -> None:
    head = filled_head(case).eval()
    for suffix in ('', '_fine'):
        out = head(case.input('x'), case.input('proposal_feat'), case.input(f'mask_preds{suffix}'))
        case.check(f'cls_score{suffix}', out.cls_logits)
        case.check(f'new_mask_preds{suffix}', out.masks)
        case.check(f'obj_feat{suffix}', out.kernels)


@handles(
    *(
        f'mod_video_kernel_update_head_{kind}_{link}'
        for kind in ('ffn', 'update', 'update_obj')
        for link in ('link_atten', 'nolink', 'update_dynamic_cov')
    )
)
def video_kernel_update_head(case: Case) -> None:
    head = filled_head(case).eval()
    x, kernels, masks = case.input('x'), case.input('proposal_feat'), case.input('mask_preds')
    for suffix, previous in (('noprev', None), ('prev', case.input('previous_obj_feats'))):
        out = head(x, kernels, masks, previous)
        case.check(f'cls_score_{suffix}', out.cls_logits)
        case.check(f'mask_preds_{suffix}', out.masks)
        case.check(f'obj_feat_{suffix}', out.kernels)
        case.check(f'x_feat_{suffix}', head.gather(masks, x))
        if case.outputs[f'obj_feat_track_{suffix}'] is None:
            assert out.track_kernels is None
        else:
            case.check(f'obj_feat_track_{suffix}', out.track_kernels)


@handles('mod_semantic_fpn_wrapper', 'mod_msdeformattn_pixel_decoder')
def neck(case: Case) -> None:
    module = fill.fill_(build_neck(modern(case['ctor']))).eval()
    for i, out in enumerate(module([case.input(f'level_{level}') for level in range(4)])):
        case.check(f'output_{i}', out)


@handles('mod_swin_small', 'mod_swin_b')
def swin(case: Case) -> None:
    module = fill_original(build_backbone(case['ctor']), prefix='').eval()
    with torch.no_grad():
        for i, out in enumerate(module(case.input('img')[None])):
            case.check(f'output_{i}', out)


def image_targets(
    masks: torch.Tensor, labels: torch.Tensor, stuff: torch.Tensor, stuff_labels: torch.Tensor
) -> ImageTargets:
    return ImageTargets(masks.float(), labels, stuff.float(), stuff_labels)


def without(target: ImageTargets, things: bool = False, stuff: bool = False) -> ImageTargets:
    """Return the target with things and/or stuff left out."""
    t, s = (0 if things else None), (0 if stuff else None)
    return ImageTargets(
        target.thing_masks[:t], target.thing_labels[:t], target.stuff_masks[:s], target.stuff_labels[:s]
    )


@handles('mod_conv_kernel_head_image', 'mod_conv_kernel_head_video')
def conv_kernel_head(case: Case) -> None:
    head = filled_head(case).train()
    feats = [case.input(f'level_{level}') for level in range(4)]
    proposals = head(feats)
    case.check('proposal_feats', proposals.kernels)
    case.check('x_feats', proposals.feats)
    case.check('mask_preds', proposals.masks)
    case.check('seg_preds', proposals.semantic)
    keys = ('gt_masks', 'gt_labels', 'gt_sem_seg', 'gt_sem_cls')
    targets = [image_targets(*(case.input(f'{key}_{i}') for key in keys)) for i in range(2)]
    case.check_losses('losses', head.loss(proposals, targets)[0])
    second = [targets[0], without(targets[1], things=True)]
    case.check_losses('losses_second_image_without_things', head.loss(proposals, second)[0])
    case.check_losses('losses_no_things', head.loss(proposals, [without(t, things=True) for t in targets])[0])
    case.check_losses('losses_no_stuff', head.loss(proposals, [without(t, stuff=True) for t in targets])[0])


@handles('mod_iter_head_image', 'mod_iter_head_video', 'mod_iter_head_video_update')
def iter_head(case: Case) -> None:
    head = filled_head(case).train()
    proposals = Proposals(case.input('proposal_feats'), case.input('x'), case.input('mask_preds'), None)
    target = image_targets(*(case.input(key) for key in ('gt_masks', 'gt_labels', 'gt_sem_seg', 'gt_sem_cls')))
    variants = dict(
        losses=target,
        losses_no_things=without(target, things=True),
        losses_no_stuff=without(target, stuff=True),
        losses_nothing=without(target, True, True),
    )
    outputs = {}
    for name, variant in variants.items():
        losses, outputs[name] = head.forward_train(proposals, [variant])
        case.check_losses(name, losses)
    if 'obj_feats' in case.outputs:
        case.check('obj_feats', outputs['losses'].kernels)
        case.check('cls_score', outputs['losses'].cls_logits)
        case.check('mask_preds_out', outputs['losses'].masks)
    if 'losses_with_previous' in case.outputs:
        losses, out = head.forward_train(proposals, [target], previous=case.input('previous_obj_feats'))
        case.check_losses('losses_with_previous', losses)
        case.check('obj_feats_track', out.track_kernels)
        case.check('cls_score_with_previous', out.cls_logits)
        case.check('mask_preds_with_previous', out.masks)


@handles('asg_mask_hungarian')
def mask_hungarian(case: Case) -> None:
    assigner = build_assigner(modern(case['ctor']))
    masks, cls, gt, labels = (case.input(k) for k in ('mask_logits', 'cls_logits', 'gt_masks', 'gt_labels'))
    probs, flat_gt = masks.flatten(1).sigmoid(), gt.flatten(1)
    case.check('cost_cls', assigner.cls_cost(cls, labels))
    for name, cost in dict(cost_mask=assigner.mask_cost, cost_dice=assigner.dice_cost).items():
        clamped = probs.clamp(min=cost.min_prob)
        case.check(name, cost(clamped @ flat_gt.t(), cost.size(clamped), cost.size(flat_gt), flat_gt.shape[1]))
    for suffix, result in dict(
        cls=assigner.assign(masks, cls, gt, labels),
        nocls=assigner.assign(masks, None, gt, labels),
        empty=assigner.assign(masks, cls, gt[:0], labels[:0]),
        fewer_preds_than_gt=assigner.assign(masks[:3], cls[:3], gt, labels),
    ).items():
        np.testing.assert_array_equal(result.gt_inds, case.expected(f'gt_inds_{suffix}'))
        if f'labels_{suffix}' in case.outputs:
            np.testing.assert_array_equal(result.labels, case.expected(f'labels_{suffix}'))


@handles('targets_sem2ins')
def semantic_to_masks(case: Case) -> None:
    stuff_first = LabelSpace('stuff_first_124', [ClassInfo(str(i), (0, 0, 0), i >= 66, i) for i in range(124)])
    cityscapes8 = LabelSpace('cityscapes8', [ClassInfo(str(i), (0, 0, 0), i >= 11, i) for i in range(19)])
    for name, key, space in (
        ('kitti', 'kitti_or_city_map', KITTI_STEP),
        ('vipseg', 'vipseg_map', stuff_first),
        ('cityscapes8', 'kitti_or_city_map', cityscapes8),
    ):
        labels, masks = split_semantic_map(case.input(key)[0], space)
        np.testing.assert_array_equal(labels, case.expected(f'{name}_labels'))
        np.testing.assert_array_equal(masks, case.expected(f'{name}_masks'))
    labels, masks = split_semantic_map(torch.full((4, 4), 255), KITTI_STEP)
    assert list(labels.shape) == case.outputs['all_void_labels']['shape']
    assert list(masks.shape) == case.outputs['all_void_masks']['shape']


@handles('targets_heads')
def head_targets(case: Case) -> None:
    cfg = Config.fromfile(str(ROOT / 'configs/_base_/models/knet_s3_r50_fpn_step.py'))
    head = build_head(dict(cfg.model.roi_head.mask_head, num_thing_classes=2, num_stuff_classes=17))
    assigner = build_assigner(cfg.assign_cfg.assigner)
    sampler = build_sampler(cfg.assign_cfg.sampler)
    logits = case.input('mask_logits')
    full = image_targets(*(case.input(key) for key in ('gt_masks', 'gt_labels', 'gt_sem_seg', 'gt_sem_cls')))
    variants = dict(full=full, no_things=without(full, things=True), no_stuff=without(full, stuff=True))
    for suffix, target in variants.items():
        if f'rpn_labels_{suffix}' not in case.outputs:
            continue
        sample = sampler.sample(
            assigner.assign(logits, None, target.thing_masks, target.thing_labels), logits, target.thing_masks
        )
        if f'pos_inds_{suffix}' in case.outputs:
            np.testing.assert_array_equal(sample.pos_inds, case.expected(f'pos_inds_{suffix}'))
        seg = semantic_target(target, sample.pos_assigned_gt_inds, 19)
        np.testing.assert_array_equal(seg[None], case.expected(f'rpn_seg_targets_{suffix}'))
        queries = head.get_targets([sample], [target], 37)
        np.testing.assert_array_equal(queries.labels[0], case.expected(f'update_labels_{suffix}'))
        np.testing.assert_array_equal(queries.labels[0, :20], case.expected(f'rpn_labels_{suffix}'))
        np.testing.assert_array_equal(queries.label_weights[0], case.expected(f'update_label_weights_{suffix}'))
        dense = torch.zeros(37, *logits.shape[1:])
        dense[queries.pos_inds[0]] = queries.pos_masks[0]
        case.check(f'update_mask_targets_{suffix}', dense)


@handles('loss_functions')
def loss_functions(case: Case) -> None:
    want = case.outputs['losses']
    ce = dict(type='CrossEntropyLoss')
    masks, targets = case.input('mask_logits'), (case.input('mask_target_logits') > 0).float()
    rank, rank_target = case.input('rank_logits'), case.input('rank_target')
    seg, seg_target = case.input('seg_logits'), case.input('seg_target')
    weights = (case.input('cls_label_weights_raw') > -0.5).float()
    focal = dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25)
    track, labels = case.input('track_dists'), case.input('track_targets')
    cosines = case.input('cos_dists_raw').clamp(-1, 1)
    l2 = build_loss(modern(case['constructor']['l2']))
    multipos = build_loss(dict(type='MultiPosCrossEntropyLoss', loss_weight=0.25))
    row_weight = labels.bool().any(1).float()
    none = torch.zeros_like(labels)
    mine = {
        'dice_w4': build_loss(dict(type='DiceLoss', loss_weight=4.0))(masks, targets),
        'mask_bce_w1': build_loss(dict(ce, use_sigmoid=True))(masks, targets),
        'rank_softmax_w0.1_ignore255': build_loss(dict(ce, loss_weight=0.1))(rank, rank_target, ignore_index=255),
        'seg_softmax_w1_ignore19': build_loss(ce)(seg, seg_target, ignore_index=19),
        'seg_focal_w1_avg123': build_loss(dict(focal, loss_weight=1.0))(seg, seg_target, avg_factor=123),
        'cls_focal_w2_elementweights_avg7': build_loss(dict(focal, loss_weight=2.0))(
            seg, seg_target, weights, avg_factor=7
        ),
        'multipos_w0.25': multipos(track, labels, row_weight, row_weight.sum()),
        'l2_hard_ub3': l2(cosines, labels),
        'l2_no_positive': l2(cosines, none),
        'multipos_no_positive_avg0': multipos(track, none, torch.zeros(len(track)), torch.zeros(())),
    }
    for name, value in mine.items():
        np.testing.assert_allclose(float(value), want[name], rtol=1e-4, atol=1e-4, err_msg=name)


@handles('mod_track_head')
def track_head(case: Case) -> None:
    head = filled_head(case)
    key, ref = head(case.input('key_feats')), head(case.input('ref_feats'))
    case.check('key_embeds', key)
    case.check('ref_embeds', ref)
    dots, cosines = head.match(key, ref)
    case.check('dists', dots)
    case.check('cos_dists', cosines)
    # Identities: the matched key instance has the index of its reference, the others an id of their own.
    match = case.input('gt_match_indices')
    key_gts, ref_ids = case.input('key_pos_assigned_gt_inds'), case.input('ref_pos_assigned_gt_inds')
    ids = torch.where(match >= 0, match, torch.arange(len(match)) + 100)[key_gts]
    np.testing.assert_array_equal((ids[:, None] == ref_ids[None]).int(), case.expected('targets'))
    case.check_losses('losses', head.loss([key], [ref], [ids], [ref_ids]))
    case.check_losses('losses_no_common_object', head.loss([key], [ref], [ids + 1000], [ref_ids]))
    single = fill.fill_(build_head({**modern(case['ctor']), 'num_fcs': 1}))
    case.check('key_embeds_num_fcs_1', single(case.input('key_feats')))


class StoredMasks:
    """Stands in for a mask resizer: the masks are there already."""

    def __init__(self, probs: torch.Tensor) -> None:
        self.probs = probs
        self.device, self.name = probs.device, 'stored masks'
        self.size = tuple(probs.shape[1:])

    def __call__(self, indices: torch.Tensor) -> torch.Tensor:
        return self.probs[indices]

    def upper_bounds(self, indices: torch.Tensor) -> torch.Tensor:
        return self.probs[indices].flatten(1).amax(1)


@handles(*(f'merge_{kind}_{i}' for kind in ('video', 'image') for i in range(2)))
def merge(case: Case) -> None:
    probs = torch.cat([case.input('thing_logits'), case.input('stuff_logits')]).sigmoid()
    if 'mask 3 is set to 0.2' in case['inputs']['thing_masks']['note']:
        probs[3] = 0.2
    candidates = Candidates(
        torch.cat([case.input('thing_scores'), case.input('stuff_scores')]),
        torch.cat([case.input('thing_labels'), case.input('stuff_index') + 2]),
        torch.arange(len(probs)),
    )
    cfg = case['merge_cfg']
    masks = StoredMasks(probs)
    results = dict(
        joint=merge_jointly(
            candidates, find_owners(candidates, masks), KITTI_STEP, cfg['instance_score_thr'], cfg['overlap_thr']
        ),
        thing_first=merge_thing_first(
            candidates, masks, KITTI_STEP, cfg['instance_score_thr'], cfg['iou_thr'], cfg['stuff_max_area']
        ),
    )
    for name, (panoptic, segments) in results.items():
        np.testing.assert_array_equal(panoptic, case.expected(f'{name}_map'))
        check_segments(segments, case.outputs[f'{name}_segments_info'], KITTI_STEP)


def check_segments(segments: List, want: List[dict], space: LabelSpace) -> None:
    """Compare segments with records of the original, whose categories are thing labels or 1-based stuff."""
    assert len(segments) == len(want)
    for mine, theirs in zip(segments, want):
        assert (mine.id, mine.is_thing) == (theirs['id'], theirs['isthing'])
        model_class = theirs['category_id'] + (0 if theirs['isthing'] else space.num_things - 1)
        assert mine.category == space.dataset_ids[model_class]
        if theirs['isthing']:
            np.testing.assert_allclose(mine.score, theirs['score'], atol=1e-4)
        else:
            assert abs(mine.area - theirs['area']) <= max(5, 0.01 * theirs['area'])


@handles(*(f'tracker_{metric}_{i}' for metric in ('bisoftmax', 'softmax', 'cosine') for i in range(3)))
def tracker(case: Case) -> None:
    tracker_ = TRACKERS.build(case['ctor'])
    for record in case['frames']:
        t = record['frame']
        boxes, labels, embeds = (case.input(f'{key}_{t}') for key in ('bboxes', 'labels', 'embeds'))
        matches = tracker_.match(Detections(boxes, labels, embeds, torch.zeros(1, 1)), t)
        np.testing.assert_array_equal(matches.ids, case.expected(f'ids_{t}'))
        np.testing.assert_array_equal(labels[matches.kept], case.expected(f'labels_{t}'))
        case.check(f'bboxes_{t}', boxes[matches.kept])
    assert {k: t.last_frame for k, t in tracker_.tracklets.items()} == {
        int(k): t['last_frame'] for k, t in case['final_tracklets'].items()
    }


def bitmap_masks(index_map: torch.Tensor, count: int) -> BitmapMasks:
    """Instance masks from a map in which instance i is painted as i + 1."""
    array = index_map.numpy()
    return BitmapMasks([(array == i + 1).astype(np.uint8) for i in range(count)], *array.shape)
