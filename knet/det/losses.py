"""Losses on predicted masks, shared by the kernel head and the update heads.

All functions take masks at feature resolution and up-sample them to loss resolution. The backward pass recomputes the
up-sampled masks instead of keeping them, because they take most of the memory of a training step and little of its
time.
"""

from typing import Dict, Sequence

import torch
from mmdet.core import reduce_mean
from torch import Tensor, nn

from knet.utils.recompute import recompute

from .targets import IGNORE_INDEX, logits_at, paint, upsample


def mask_losses(
    loss_mask: nn.Module, loss_dice: nn.Module, logits: Tensor, stride: int, targets: Tensor
) -> Dict[str, Tensor]:
    """Compute binary cross entropy and dice loss of matched masks.

    Both are means over the matched masks of *all* processes, so that the loss of a batch does not depend on how it is
    distributed over processes.

    Args:
        loss_mask: Sigmoid cross entropy.
        loss_dice: Dice loss.
        logits: (P, h, w) or (P, F, h, w) float; if P is 0, both losses are zero but keep the graph connected.
        stride: Ratio of feature stride and loss stride.
        targets: (P, h * stride, w * stride) or (P, F, h * stride, w * stride) float in 0..1.

    Returns:
        Scalars ``mask`` and ``dice``.
    """
    num_masks = reduce_mean(logits.new_full((), len(logits)))
    if len(logits) == 0:
        return dict(mask=logits.sum() * 0, dice=logits.sum() * 0)
    pixels = targets[0].numel()

    def both(masks: Tensor) -> Tensor:
        masks = upsample(masks, stride)
        return torch.stack(
            [loss_mask(masks, targets, avg_factor=num_masks * pixels), loss_dice(masks, targets, avg_factor=num_masks)]
        )

    mask, dice = recompute(both, logits)
    return dict(mask=mask, dice=dice)


def rank_loss(
    loss_rank: nn.Module, logits: Tensor, stride: int, pos_inds: Sequence[Tensor], pos_masks: Sequence[Tensor]
) -> Tensor:
    """Compute the per-pixel cross entropy over queries, which teaches a matched query to win its pixels.

    Args:
        loss_rank: Softmax cross entropy; the mean runs over all pixels, where pixels of no target count as zero.
        logits: (B, Q, h, w) float mask logits.
        stride: Ratio of feature stride and loss stride.
        pos_inds: B tensors (P_i,) int64, indices of matched queries in ascending order.
        pos_masks: B tensors (P_i, h * stride, w * stride) float in 0..1, target masks of these queries.

    Returns:
        Scalar; zero without any matched query.
    """
    if not any(len(inds) for inds in pos_inds):
        return logits.sum() * 0
    owners = torch.stack([paint(masks, inds, IGNORE_INDEX) for masks, inds in zip(pos_masks, pos_inds)]).flatten(1)
    owned = [(owner != IGNORE_INDEX).nonzero().flatten() for owner in owners]
    target = torch.cat([owner[pixels] for owner, pixels in zip(owners, owned)])

    def loss(masks: Tensor) -> Tensor:
        # Unowned pixels, most of them where only things compete, would be brought through the softmax to be ignored.
        contest = torch.cat([logits_at(m, pixels, stride) for m, pixels in zip(masks, owned)], dim=1)
        return loss_rank(contest[None], target[None], avg_factor=owners.numel())

    return recompute(loss, logits)


def semantic_loss(loss_seg: nn.Module, logits: Tensor, stride: int, target: Tensor) -> Tensor:
    """Compute the loss of the semantic branch.

    Args:
        loss_seg: Softmax cross entropy (mean over all pixels) or sigmoid focal loss (sum over labelled pixels divided
            by their number).
        logits: (B, K, h, w) float.
        stride: Ratio of feature stride and loss stride.
        target: (B, h * stride, w * stride) int64 in 0..K; K = unlabelled.

    Returns:
        Scalar.
    """
    num_classes = logits.shape[1]
    num_labelled = reduce_mean((target < num_classes).sum().float()).clamp(min=1.0)

    def loss(maps: Tensor) -> Tensor:
        maps = upsample(maps, stride)
        if not loss_seg.use_sigmoid:
            return loss_seg(maps, target, ignore_index=num_classes)
        flat = maps.permute(0, 2, 3, 1).reshape(-1, num_classes)
        return loss_seg(flat, target.flatten(), avg_factor=num_labelled)

    return recompute(loss, logits)
