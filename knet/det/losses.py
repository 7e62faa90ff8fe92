"""Losses on predicted masks, shared by the kernel head and the update heads."""
from typing import Dict, List, Optional, Sequence

import torch
from mmdet.core import reduce_mean
from torch import Tensor, nn

from .targets import IGNORE_INDEX, paint


def mask_losses(loss_mask: nn.Module, loss_dice: nn.Module, logits: Tensor, targets: Tensor) -> Dict[str, Tensor]:
    """Binary cross entropy and dice of matched masks.

    Both are means over the matched masks of *all* processes, so that a batch
    gives the same loss however it is spread over them.

    Args:
        loss_mask (nn.Module): Sigmoid cross entropy.
        loss_dice (nn.Module): Dice loss.
        logits (Tensor): (P, h, w) float; P may be 0, then both are zero but
            keep the graph connected.
        targets (Tensor): (P, h, w) float in 0..1.

    Returns:
        dict[str, Tensor]: ``mask`` and ``dice``, scalars.
    """
    num_masks = reduce_mean(logits.new_tensor(float(len(logits))))
    if len(logits) == 0:
        return dict(mask=logits.sum() * 0, dice=logits.sum() * 0)
    pixels = logits[0].numel()
    return dict(
        mask=loss_mask(logits, targets, avg_factor=num_masks * pixels),
        dice=loss_dice(logits, targets, avg_factor=num_masks))


def rank_loss(loss_rank: nn.Module, logits: Tensor, pos_inds: Sequence[Tensor],
              pos_masks: Sequence[Tensor]) -> Tensor:
    """Per-pixel cross entropy over queries: the matched query shall win its pixels.

    Args:
        loss_rank (nn.Module): Softmax cross entropy; the mean runs over all
            pixels, unowned ones count as zero.
        logits (Tensor): (B, Q, h, w) float mask logits.
        pos_inds (Sequence[Tensor]): B tensors (P_i,) int64, ascending matched
            query indices.
        pos_masks (Sequence[Tensor]): B tensors (P_i, h, w), their targets.

    Returns:
        Tensor: Scalar; zero without any matched query.
    """
    if not any(len(inds) for inds in pos_inds):
        return logits.sum() * 0
    owners: List[Tensor] = [paint(masks, inds, IGNORE_INDEX) for masks, inds in zip(pos_masks, pos_inds)]
    return loss_rank(logits, torch.stack(owners), ignore_index=IGNORE_INDEX)


def semantic_loss(loss_seg: nn.Module, logits: Tensor, target: Tensor) -> Tensor:
    """Loss of the semantic branch.

    Args:
        loss_seg (nn.Module): Softmax cross entropy (mean over all pixels) or
            sigmoid focal loss (sum over labelled pixels / their number).
        logits (Tensor): (B, K, h, w) float.
        target (Tensor): (B, h, w) int64 in 0..K; K = unlabelled.

    Returns:
        Tensor: Scalar.
    """
    num_classes = logits.shape[1]
    if not loss_seg.use_sigmoid:
        return loss_seg(logits, target, ignore_index=num_classes)
    flat_logits = logits.permute(0, 2, 3, 1).reshape(-1, num_classes)
    labelled: Optional[Tensor] = (target < num_classes).sum().float()
    return loss_seg(flat_logits, target.flatten(), avg_factor=reduce_mean(labelled).clamp(min=1.0))
