"""How to run the fixtures of video instance segmentation, by name."""

from typing import Any, Dict, List, Tuple

import numpy as np
import pycocotools.mask as coco_mask
import torch
from mmdet.core import build_assigner
from mmdet.models.builder import build_head

from knet.det.kernel_head import Proposals
from knet.det.mask_hungarian_assigner import DiceCost, MaskCost
from knet.det.targets import ImageTargets
from knet_vis.structures import VideoInstances
from knet_vis.tracker import clip_targets

from .cases import Case, fill, modern
from .edges import closest_run
from .model_cases import build, check_backward, padded, remember_features
from .module_cases import bitmap_masks, handles


def plain_costs(cfg: Any) -> Any:
    """Return a config whose matching costs don't clamp probabilities, as in the original for clips."""
    if isinstance(cfg, list):
        return [plain_costs(item) for item in cfg]
    if not isinstance(cfg, dict):
        return cfg
    cfg = {key: plain_costs(item) for key, item in cfg.items()}
    is_cost = cfg.get('type') in (f'knet.{kind.__name__}' for kind in (DiceCost, MaskCost))
    return dict(cfg, min_prob=0.0) if is_cost else cfg


def clip_head(case: Case, **extra: Any) -> torch.nn.Module:
    cfg = dict(plain_costs(modern(case['ctor'])), **extra)
    if 'train_cfg' in case.spec:
        cfg['train_cfg'] = plain_costs(modern(case['train_cfg']))
    return fill.fill_(build_head(cfg))


def clip_gt(case: Case) -> Tuple[List[ImageTargets], List[torch.Tensor]]:
    """Targets and instance ids of the frames of a clip."""
    labels, ids = case.input('gt_labels'), case.input('gt_instance_ids')
    frames, frame_ids = [], []
    for f, index_map in enumerate(case.input('instance_index_maps')):
        mine = labels[labels[:, 0] == f, 1]
        masks = (index_map[None] == torch.arange(1, len(mine) + 1)[:, None, None]).float()
        frames.append(ImageTargets(masks, mine, masks[:0], mine[:0]))
        frame_ids.append(ids[ids[:, 0] == f, 1])
    return frames, frame_ids


@handles('asg_mask_hungarian_video')
def mask_hungarian_video(case: Case) -> None:
    assigner = build_assigner(plain_costs(modern(case['ctor'])))
    clip = clip_targets(*clip_gt(case))
    np.testing.assert_array_equal(clip.thing_masks.flatten(1, 2), case.expected('gt_masks_match'))
    masks = case.input('mask_logits').transpose(0, 1)
    for suffix, scores in (('cls', case.input('cls_logits')), ('nocls', None)):
        result = assigner.assign(masks, scores, clip.thing_masks, clip.thing_labels)
        np.testing.assert_array_equal(result.gt_inds, case.expected(f'gt_inds_{suffix}'))
        np.testing.assert_array_equal(result.labels, case.expected(f'labels_{suffix}'))


#: Mask logits up to 14 that the original summed in float32, whose last digits depend on the machine.
ROUNDED = dict(atol=3e-4)


@handles('mod_vis_conv_kernel_head_video')
def conv_kernel_head_video(case: Case) -> None:
    head = clip_head(case, num_thing_classes=40, num_stuff_classes=0).train()
    proposals = head([case.input(f'level_{level}') for level in range(4)])
    for name, value in dict(
        proposal_feats=proposals.kernels,
        x_feats=proposals.feats,
        mask_preds=proposals.masks,
        seg_preds=proposals.semantic,
    ).items():
        case.check(name, value)
    frames, _ = clip_gt(case)
    case.check_losses('losses', head.loss(proposals, frames)[0])
    empty = ImageTargets(*(value[:0] for value in vars(frames[1]).values()))
    case.check_losses('losses_frame1_empty', head.loss(proposals, [frames[0], empty, frames[2]])[0])


@handles(
    *(
        f'mod_vis_kernel_update_head_video_{kind}'
        for kind in ('gather_mean', 'gather_attention', 'gather_attention_pos', 'perframe_mean')
    )
)
def kernel_update_head_video(case: Case) -> None:
    head = clip_head(case).eval()
    x, kernels, masks = (case.input(key) for key in ('x', 'proposal_feat', 'mask_preds'))
    clips = masks.shape[:2]
    pos = case.input('pos') if 'pos' in case['inputs'] else None
    per_frame = kernels.dim() == 6
    out = head(x.flatten(0, 1), kernels.flatten(0, 1) if per_frame else kernels, masks.flatten(0, 1), pos)
    case.check('new_mask_preds', out.masks.unflatten(0, clips), **ROUNDED)
    case.check('obj_feat', out.kernels.unflatten(0, clips) if per_frame else out.kernels)
    if per_frame:
        assert out.cls_logits is None
    else:
        case.check('cls_score', out.cls_logits)


@handles(
    *(f'mod_vis_frame_iter_head_{kind}' for kind in ('base', 'attention', 'attention_pos', 'mask_init', 'assign3'))
)
def frame_iter_head(case: Case) -> None:
    head = clip_head(case).train()
    frames = Proposals(*(case.input(key).flatten(0, 1) for key in ('obj_feats', 'x', 'masks')), None)
    case.check_losses('losses', head.forward_train(frames, [clip_targets(*clip_gt(case))]))
    exact = Proposals(*(part.double() for part in (frames.kernels, frames.feats, frames.masks)), None)
    with torch.no_grad():
        out = head.double().eval()(exact)
    case.check('cls_scores', out.cls_logits.sigmoid())
    case.check('masks', out.masks[None], **ROUNDED)
    case.check('obj_feats_out', out.kernels if 'assign3' in case.name else out.kernels[None])


@handles('model_vis_r50_train', 'model_vis_r50_deformable_train')
def clip_train(case: Case) -> None:
    model, meta = build(case), case['input_meta']
    labels, maps = case.input('ref_gt_labels'), case.input('instance_index_maps')
    images = torch.stack([padded(case.input(f'img_{f}'), meta) for f in range(len(maps))])
    masks = [bitmap_masks(index_map, int((labels[:, 0] == f).sum())) for f, index_map in enumerate(maps)]

    def run() -> Dict[str, torch.Tensor]:
        return model.forward_train(
            images[None], [[dict(meta) for _ in maps]], [masks], [labels], [case.input('ref_gt_instance_ids')]
        )

    check_backward(case, model, closest_run(run, lambda losses: case.losses_mismatch('losses', losses)))


@handles('model_vis_r50_test', 'model_vis_r50_deformable_test')
def video_test(case: Case) -> None:
    # In float64: masks are cut hard between stages, and in float32 the machine decides pixels on the edge.
    model, meta = build(case).double(), case['input_meta']
    images = torch.stack([case.input(key) for key in sorted(case['inputs'])]).double()
    remember_features(model)

    @torch.no_grad()
    def run() -> Dict[str, torch.Tensor]:
        frames = model.forward_frames(images)
        out = model.tracker(frames)
        return dict(
            image_masks=frames.masks[None],
            tracker_cls_score=out.cls_logits.sigmoid(),
            tracker_masks=out.masks[None],
            tracker_obj_feats=out.kernels[None],
        )

    for name, value in closest_run(run, case.mismatch).items():
        case.check(name, value)
    _check_tracks(case, model.predict_video([images[:2], images[2:]], meta))


def _check_tracks(case: Case, tracks: VideoInstances) -> None:
    """Compare tracks by rank; those with scores less than 1e-4 apart may have changed places."""
    want: Dict[str, np.ndarray] = {key: case.expected(key) for key in ('scores', 'labels', 'masks')}
    np.testing.assert_allclose(tracks.scores, want['scores'][0], atol=1e-4)
    masks = np.stack([[coco_mask.decode(code) for code in track] for track in tracks.segmentations])
    for rank, label in enumerate(tracks.labels):
        near = [
            other
            for other, score in enumerate(want['scores'][0])
            if abs(score - tracks.scores[rank]) < 1e-4 and want['labels'][0, other] == label
        ]
        different = [np.mean(masks[rank] != want['masks'][:, other]) for other in near]
        assert min(different) <= case['tolerance']['maps_fraction_different'], (rank, different)
