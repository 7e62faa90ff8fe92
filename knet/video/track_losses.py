"""Losses of the association embeddings (QDTrack, Pang et al., CVPR 2021)."""

import torch
import torch.nn.functional as F
from mmdet.models.builder import LOSSES
from mmdet.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn


@LOSSES.register_module()
class MultiPosCrossEntropyLoss(nn.Module):
    """Cross entropy with several positives per row.

    The loss of a row is ``log(1 + sum_{p in pos} sum_{n in neg} exp(d_n - d_p))``; rows without positives or without
    negatives give 0.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, label: Tensor, weight: Tensor, avg_factor: Tensor) -> Tensor:
        """Compute the loss of a similarity matrix.

        Args:
            pred: (n, m) float similarities.
            label: (n, m) int, 1 = same identity.
            weight: (n,) float row weights.
            avg_factor: Scalar divisor; 0 yields 0.

        Returns:
            Scalar.
        """
        positive = label == 1
        # sum_p sum_n exp(d_n - d_p) factorises into logsumexp(d_n) + logsumexp(-d_p).
        negatives = pred.masked_fill(positive, float('-inf'))
        positives = (-pred).masked_fill(~positive, float('-inf'))
        usable = positive.any(1) & (~positive).any(1)
        # Rows without a loss become zeros first, because logsumexp of only -inf has no gradient.
        unusable = ~usable[:, None]
        both = negatives.masked_fill(unusable, 0).logsumexp(1) + positives.masked_fill(unusable, 0).logsumexp(1)
        losses = F.softplus(both)  # float32 also where autocast made the similarities half precision
        loss = losses.masked_fill(~usable, 0)
        return self.loss_weight * weight_reduce_loss(loss, weight, 'mean', avg_factor) + pred.sum() * 0


@LOSSES.register_module()
class L2Loss(nn.Module):
    """Squared error of cosine similarities with a margin and hard negatives.

    Args:
        neg_pos_ub: Largest number of negatives per positive; the hardest negatives are kept.
        neg_margin: Similarity up to which negatives cost nothing.
        loss_weight: Factor of the loss.
    """

    def __init__(self, neg_pos_ub: float, neg_margin: float, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.neg_pos_ub = neg_pos_ub
        self.neg_margin = neg_margin
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute the loss of a cosine similarity matrix.

        Args:
            pred: (n, m) float in -1..1.
            target: (n, m) int, 1 = same identity.

        Returns:
            Scalar; 0 for an empty matrix.
        """
        positive = target == 1
        pred = torch.where(positive, pred, pred - self.neg_margin).clamp(0, 1)
        cost = (pred - target.to(pred.dtype)).square()
        num_pos = positive.sum()
        num_neg = positive.numel() - num_pos
        kept = torch.where(num_neg > self.neg_pos_ub * (num_pos + 1), (self.neg_pos_ub * num_pos).long(), num_neg)
        # Rank of a pair among the negatives, the hardest first.
        order = cost.detach().masked_fill(positive, -1).flatten().argsort(descending=True, stable=True)
        rank = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
        keep = positive | (rank.view_as(positive) < kept)
        return self.loss_weight * (cost * keep).sum() / keep.sum().clamp(min=1)
