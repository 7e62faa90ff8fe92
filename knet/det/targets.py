"""Ground truth as mask tensors, and the targets of the heads.

Most functions work on one image. Masks are *soft* (0..1), because binary masks are resized bilinearly to the
resolution of the losses.
"""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmdet.core import BitmapMasks
from torch import Tensor

from knet.labels import LabelSpace
from knet.utils.transfer import upload

#: Label of pixels or queries that no loss should pull towards a class index.
IGNORE_INDEX = -100


@dataclass
class ImageTargets:
    """Ground truth of one image at loss resolution (h, w).

    Attributes:
        thing_masks: (G, h, w) float in 0..1, one per instance.
        thing_labels: (G,) int64 in 0..T-1.
        stuff_masks: (P, h, w) float in 0..1, one per stuff class present.
        stuff_labels: (P,) int64 model classes in T..K-1, ascending.

    A clip of F frames is an image whose masks have one more axis, (G, F, h, w). Matching, targets, cross entropy and
    dice loss accept both.
    """

    thing_masks: Tensor
    thing_labels: Tensor
    stuff_masks: Tensor
    stuff_labels: Tensor


def split_semantic_map(semantic: Tensor, label_space: LabelSpace) -> Tuple[Tensor, Tensor]:
    """Cut a semantic map into one binary mask per stuff class present.

    Args:
        semantic: (H, W) int dataset ids; void and thing ids are skipped.
        label_space: Numbering of the classes.

    Returns:
        (P,) int64 model classes in ascending order and (P, H, W) bool masks.
    """
    lut = upload(label_space.model_classes, semantic.device)
    model_class = lut[semantic.long()]
    present = torch.zeros(label_space.num_classes + 1, dtype=torch.bool, device=semantic.device)
    present.index_fill_(0, model_class.flatten() + 1, True)
    labels = present[label_space.num_things + 1 :].nonzero().flatten() + label_space.num_things
    return labels, model_class[None] == labels[:, None, None]


def resize_masks(masks: Tensor, size: Tuple[int, int]) -> Tensor:
    """Resize (N, H, W) masks bilinearly to ``size``; N may be 0; returns float32."""
    if len(masks) == 0:
        return masks.new_zeros((0, *size), dtype=torch.float32)
    return F.interpolate(masks[None].float(), size=size, mode='bilinear', align_corners=False)[0]


def upsample(masks: Tensor, stride: int) -> Tensor:
    """Bring (M, h, w) or (B, M, h, w) logits to loss resolution, ``stride`` times as fine; not across B and M."""
    if masks.dim() == 3:
        return upsample(masks[None], stride)[0]
    return F.interpolate(masks, scale_factor=stride, mode='bilinear', align_corners=False)


def check_loss_size(masks: Tensor, stride: int, target: ImageTargets) -> None:
    """Refuse masks (..., h, w) which ``stride`` does not bring to the resolution of the ground truth.

    Raises:
        ValueError: If the sizes differ.
    """
    have, want = [side * stride for side in masks.shape[-2:]], list(target.thing_masks.shape[-2:])
    if have != want:
        raise ValueError(
            f'masks of {have[0]}x{have[1]} meet a ground truth of {want[0]}x{want[1]}: model.mask_assign_stride times '
            'model.rpn_head.feat_downsample_stride (and mask_upsample_stride of the stages, the same number) must be '
            f'the stride of the feature maps; the latter is {stride}'
        )


def logits_at(masks: Tensor, pixels: Tensor, stride: int) -> Tensor:
    """Return ``upsample(masks)`` at some pixels.

    Args:
        masks: (M, h, w) float logits.
        pixels: (P,) int64, flat indices at loss resolution.
        stride: Ratio of feature stride and loss stride.

    Returns:
        (M, P) float.
    """
    height, width = (side * stride for side in masks.shape[-2:])
    if 3 * len(pixels) > height * width:
        return upsample(masks, stride).flatten(1).index_select(1, pixels)
    x, y = pixels % width, torch.div(pixels, width, rounding_mode='floor')
    # Half precision cannot tell neighbouring pixels apart.
    masks = masks.to(torch.promote_types(masks.dtype, torch.float32))
    grid = torch.stack([(2 * part + 1).to(masks) / side - 1 for part, side in ((x, width), (y, height))], dim=1)
    return F.grid_sample(masks[None], grid[None, None], padding_mode='border', align_corners=False)[0, :, 0]


def build_targets(
    gt_masks: Sequence[BitmapMasks],
    gt_labels: Sequence[Tensor],
    gt_semantic_seg: Optional[Tensor],
    img_metas: Sequence[dict],
    label_space: LabelSpace,
    stride: int,
) -> List[ImageTargets]:
    """Build the ground truth of a batch, resized to the resolution of the losses.

    Args:
        gt_masks: B mask sets with G_i instances, possibly smaller than the padded batch.
        gt_labels: B tensors (G_i,) int64 thing labels.
        gt_semantic_seg: (B, 1, H, W) int dataset ids, which are ignored outside of ``img_shape``; None without stuff.
        img_metas: B metas with ``img_shape`` and ``batch_input_shape``.
        label_space: Numbering of the classes.
        stride: Ratio of the size of the padded input and the size of the maps in the losses.

    Returns:
        B ground truths.
    """
    targets = []
    for index, (masks, labels, meta) in enumerate(zip(gt_masks, gt_labels, img_metas)):
        pad_h, pad_w = meta['batch_input_shape']
        size = (pad_h // stride, pad_w // stride)
        things = upload(masks.pad((pad_h, pad_w)).to_tensor(torch.bool, 'cpu'), labels.device)
        stuff_labels, stuff = labels.new_zeros(0), things.new_zeros((0, pad_h, pad_w))
        if gt_semantic_seg is not None:
            height, width = meta['img_shape'][:2]
            semantic = torch.full((pad_h, pad_w), label_space.void, device=labels.device)
            semantic[:height, :width] = gt_semantic_seg[index, 0, :height, :width]
            stuff_labels, stuff = split_semantic_map(semantic, label_space)
        targets.append(ImageTargets(resize_masks(things, size), labels, resize_masks(stuff, size), stuff_labels))
    return targets


def last_owner(masks: Tensor) -> Tensor:
    """Return the mask that owns every pixel if all masks are painted in order, later over earlier ones.

    Args:
        masks: (M, h, w) masks that are painted where they are > 0.

    Returns:
        (h, w) int64 index of the last mask that is > 0, -1 for none.
    """
    if len(masks) == 0:
        return torch.full(masks.shape[1:], -1, dtype=torch.long, device=masks.device)
    order = torch.arange(1, len(masks) + 1, device=masks.device)[:, None, None]
    return ((masks > 0) * order).amax(0) - 1


def paint(masks: Tensor, values: Tensor, background: int) -> Tensor:
    """Paint ``values`` (M,) under ``masks`` (M, h, w) in order onto ``background``; returns (h, w) int64."""
    owner = last_owner(masks)
    # owner is -1 where nothing is painted, which indexes the appended background.
    return torch.cat([values, values.new_full((1,), background)])[owner]


def semantic_target(target: ImageTargets, matched_gts: Tensor, num_classes: int) -> Tensor:
    """Return the model class of every pixel, with matched things painted over stuff.

    Args:
        target: Ground truth of the image.
        matched_gts: (M,) int64, instances in the order of their proposals; where soft masks overlap, the last one wins.
        num_classes: K, the value of unlabelled pixels.

    Returns:
        (h, w) int64 in 0..K.
    """
    masks = torch.cat([target.stuff_masks, target.thing_masks[matched_gts]])
    labels = torch.cat([target.stuff_labels, target.thing_labels[matched_gts]])
    return paint(masks, labels, num_classes)
