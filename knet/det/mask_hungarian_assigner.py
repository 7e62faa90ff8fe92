"""One-to-one matching of predicted masks and ground-truth masks (K-Net, Sec. 3.4).

mmdet has classes of the same names with other formulas, so these are registered in child registries:
``type='knet.MaskHungarianAssigner'``, ``type='knet.DiceCost'``.
"""

from typing import Any, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np
import torch
from mmcv.utils import Registry
from mmdet.core.bbox.assigners import AssignResult, BaseAssigner
from mmdet.core.bbox.builder import BBOX_ASSIGNERS
from mmdet.core.bbox.match_costs.builder import MATCH_COST, build_match_cost
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from knet.utils.precision import full_precision
from knet.utils.transfer import download, upload

from .targets import ImageTargets, upsample

#: Masks whose costs are computed at once: few enough for their full-resolution copies to stay in the cache.
_MASKS_AT_ONCE = 10
#: A cost below all that finite predictions reach.
_FIRST = np.float32(-1e9)

KNET_MATCH_COST = Registry('knet_match_cost', parent=MATCH_COST, scope='knet')
KNET_ASSIGNERS = Registry('knet_assigner', parent=BBOX_ASSIGNERS, scope='knet')


class _PairCost:
    """Cost of (prediction, target) pairs that follows from their overlap and the size of either.

    Args:
        weight: Factor of the cost.
        min_prob: Probabilities are clamped to ``[min_prob, 1]`` first: as in the original, whose clip model
            alone does without (0).
    """

    def __init__(self, weight: float = 1.0, min_prob: float = 1e-2) -> None:
        self.weight = weight
        self.min_prob = min_prob

    def size(self, masks: Tensor) -> Tensor:
        """Return the sizes (N,) of (N, P) masks in the measure of the cost."""
        raise NotImplementedError

    def __call__(self, overlaps: Tensor, sizes: Tensor, target_sizes: Tensor, num_pixels: int) -> Tensor:
        """Return the cost of every pair.

        Args:
            overlaps: (N, G) float, sum of prediction * target over the pixels.
            sizes: (N,) float, :meth:`size` of the clamped predictions.
            target_sizes: (G,) float, :meth:`size` of the targets.
            num_pixels: P, number of pixels of a mask.

        Returns:
            (N, G) float.
        """
        raise NotImplementedError


@KNET_MATCH_COST.register_module()
class DiceCost(_PairCost):
    """Negative dice coefficient, ``-2 sum(pt) / (sum(p^2) + sum(t^2) + 2 eps)``.

    Args:
        weight: Factor of the cost.
        eps: Small number added to both sums of the denominator, which keeps it positive.
        min_prob: Probabilities are clamped to ``[min_prob, 1]`` first: as in the original, whose clip model
            alone does without (0).
    """

    def __init__(self, weight: float = 1.0, eps: float = 1e-3, min_prob: float = 1e-3) -> None:
        super().__init__(weight, min_prob)
        self.eps = eps

    def size(self, masks: Tensor) -> Tensor:
        """Return the sums of squares (N,) of (N, P) masks."""
        return masks.square().sum(1)

    def __call__(self, overlaps: Tensor, sizes: Tensor, target_sizes: Tensor, num_pixels: int) -> Tensor:
        """Return the cost (N, G) of every pair."""
        return -2 * self.weight * overlaps / ((sizes + self.eps)[:, None] + (target_sizes + self.eps)[None])


@KNET_MATCH_COST.register_module()
class MaskCost(_PairCost):
    """Negative share of pixels on which prediction and target agree.

    Args:
        weight: Factor of the cost.
        min_prob: Probabilities are clamped to ``[min_prob, 1]`` first: as in the original, whose clip model
            alone does without (0).
    """

    def size(self, masks: Tensor) -> Tensor:
        """Return the sums (N,) of (N, P) masks."""
        return masks.sum(1)

    def __call__(self, overlaps: Tensor, sizes: Tensor, target_sizes: Tensor, num_pixels: int) -> Tensor:
        """Return the cost (N, G) of every pair."""
        # sum (1-p)(1-t) = P - sum p - sum t + sum pt, so one product serves both halves.
        agree = 2 * overlaps - sizes[:, None] - target_sizes[None] + num_pixels
        return -self.weight * agree / num_pixels


@KNET_ASSIGNERS.register_module()
class MaskHungarianAssigner(BaseAssigner):
    """Hungarian matching on class, mask and dice costs.

    Args:
        cls_cost: Config of the class cost, on raw logits.
        mask_cost: Config of a :class:`MaskCost`.
        dice_cost: Config of a :class:`DiceCost`.
    """

    def __init__(self, cls_cost: dict, mask_cost: dict, dice_cost: dict) -> None:
        self.cls_cost = build_match_cost(cls_cost)
        self.mask_cost = build_match_cost(mask_cost)
        self.dice_cost = build_match_cost(dice_cost)

    @full_precision
    def cost(
        self, mask_logits: Tensor, cls_logits: Optional[Tensor], gt_masks: Tensor, gt_labels: Tensor, stride: int = 1
    ) -> Tensor:
        """Return the total cost (N, G) float32 of all pairs; :meth:`assign` explains the arguments."""
        if not len(mask_logits) or not len(gt_masks):
            return mask_logits.new_zeros((len(mask_logits), len(gt_masks)))
        targets = gt_masks.flatten(1)
        costs = (self.mask_cost, self.dice_cost)
        target_sizes = [cost.size(targets) for cost in costs]
        chunks = []
        for logits in mask_logits.split(_MASKS_AT_ONCE):
            probs = upsample(logits, stride).flatten(1).sigmoid()
            # The costs clamp differently; one matrix product reads the targets once for both.
            clamped = probs.new_empty(len(costs), *probs.shape)
            for cost, buffer in zip(costs, clamped):
                torch.clamp(probs, min=cost.min_prob, out=buffer)
            overlaps = clamped.flatten(0, 1) @ targets.t()
            overlaps = overlaps.view(len(costs), len(probs), len(targets))
            chunks.append(
                [
                    cost(overlap, cost.size(masks), sizes, targets.shape[1])
                    for cost, overlap, masks, sizes in zip(costs, overlaps, clamped, target_sizes)
                ]
            )
        mask_cost, dice_cost = (torch.cat(parts) for parts in zip(*chunks))
        if cls_logits is not None:
            mask_cost = self.cls_cost(cls_logits, gt_labels) + mask_cost
        return mask_cost + dice_cost

    @torch.no_grad()
    def assign(
        self, mask_logits: Tensor, cls_logits: Optional[Tensor], gt_masks: Tensor, gt_labels: Tensor, stride: int = 1
    ) -> AssignResult:
        """Match predictions with ground truth, at most one to one.

        Args:
            mask_logits: (N, H / stride, W / stride) float logits, or (N, F, H / stride, W / stride) for a clip.
            cls_logits: (N, T) float logits; None leaves the class cost out.
            gt_masks: (G, H, W) or (G, F, H, W) float in 0..1.
            gt_labels: (G,) int64 in 0..T-1.
            stride: Ratio of the strides of the mask logits and of the ground truth.

        Returns:
            ``gt_inds`` (N,) int64, 0 = background, g + 1 = matched with ground truth g; ``labels`` (N,) int64, -1 =
            background. If G > N, only N ground truths are matched.
        """
        num_preds, num_gts = len(mask_logits), len(gt_labels)
        gt_inds = gt_labels.new_zeros(num_preds)
        labels = gt_labels.new_full((num_preds,), -1)
        ((queries, instances),) = pair_up([self.cost(mask_logits, cls_logits, gt_masks, gt_labels, stride)])
        gt_inds[queries] = instances + 1
        labels[queries] = gt_labels[instances]
        return AssignResult(num_gts, gt_inds, None, labels=labels)


class Matching(NamedTuple):
    """Thing queries of one image that are matched with its instances, P = min(N, G).

    Attributes:
        pos_inds: (P,) int64, the matched queries in ascending order.
        pos_assigned_gt_inds: (P,) int64, the instance of each of them.
    """

    pos_inds: Tensor
    pos_assigned_gt_inds: Tensor


def pair_up(costs: Sequence[Tensor]) -> List[Matching]:
    """Find the pairs of least total cost, at most one to one, for each of several cost matrices.

    All matrices leave the device in one copy, for which the host has to wait.

    Args:
        costs: Matrices (N_i, G_i) float on one device.

    Returns:
        One matching per matrix.
    """
    pairs = [linear_sum_assignment(_comparable(cost.float().numpy())) for cost in download(*costs)]
    return [Matching(*(upload(index, cost.device) for index in pair)) for pair, cost in zip(pairs, costs)]


def _comparable(cost: np.ndarray) -> np.ndarray:
    """Return the costs with a number for each that is not finite, so low that such predictions are matched first.

    Their loss is then not finite either. That is seen on all ranks, which stop or skip the step together; an error here
    would stop one rank only.
    """
    return cost if np.isfinite(cost).all() else np.where(np.isfinite(cost), cost, _FIRST)


@torch.no_grad()
def batch_costs(
    assigner: MaskHungarianAssigner,
    masks: Tensor,
    cls_logits: Optional[Tensor],
    stride: int,
    targets: Sequence[ImageTargets],
) -> List[Tensor]:
    """Return the costs of all pairs of a thing query and an instance, for a batch.

    Args:
        assigner: Knows the costs.
        masks: (B, N, h, w) or (B, N, F, h, w) float mask logits at feature resolution.
        cls_logits: (B, N, T) float class logits; None leaves the class cost out.
        stride: Ratio of feature stride and loss stride.
        targets: B ground truths.

    Returns:
        B matrices (N, G_i) float.
    """
    scores = [None] * len(targets) if cls_logits is None else cls_logits
    return [
        assigner.cost(mask, score, target.thing_masks, target.thing_labels, stride)
        for mask, score, target in zip(masks, scores, targets)
    ]


def check_sampler(cfg: Mapping[str, Any]) -> None:
    """Refuse the config of a sampler that would leave out some of the matched pairs.

    Raises:
        ValueError: If it is not mmdet's ``MaskPseudoSampler``, which keeps all of them.
    """
    if cfg['type'] != 'MaskPseudoSampler':
        raise ValueError(
            f'train_cfg: sampler type={cfg["type"]!r}, but the losses read all matched pairs: MaskPseudoSampler'
        )
