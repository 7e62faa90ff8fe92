"""One refinement stage, which updates kernels with the features under their masks."""

from dataclasses import dataclass
from typing import Dict, Optional, Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, bias_init_with_prob
from mmcv.cnn.bricks.transformer import FFN, MultiheadAttention, build_transformer_layer
from mmcv.runner import BaseModule
from mmdet.core import reduce_mean
from mmdet.models.builder import HEADS, build_loss
from mmdet.models.losses import accuracy
from mmseg.models.decode_heads.knet_head import KernelUpdator  # noqa: F401  the same equations; importing registers it
from torch import Tensor, nn

from knet.utils.precision import full_precision

from .kernel_head import hard_masks, pool
from .losses import mask_losses, rank_loss
from .mask_hungarian_assigner import Matching
from .targets import ImageTargets


@dataclass
class StageOutput:
    """Result of one refinement stage.

    Attributes:
        cls_logits: (B, Q, K) float, thing classes first, then stuff classes; None for a stage without classifier.
        masks: (B, Q, h, w) float mask logits at feature resolution.
        kernels: (B, Q, C, 1, 1) float, the refined kernels.
        track_kernels: (B, Q, C, 1, 1) float, the refined kernels linked to the previous frame for tracking; None in
            image models and without a previous frame.
    """

    cls_logits: Optional[Tensor]
    masks: Tensor
    kernels: Tensor
    track_kernels: Optional[Tensor] = None


@dataclass
class QueryTargets:
    """Targets of the queries of a batch.

    Attributes:
        labels: (B, Q) int64 in 0..K; K = background.
        label_weights: (B, Q, K) float, 1 where a class score is supervised, else 0.
        pos_inds: B tensors (P_i,) int64, matched queries in ascending order.
        pos_masks: B tensors (P_i, h, w) float in 0..1, target masks of these queries.
    """

    labels: Tensor
    label_weights: Tensor
    pos_inds: Sequence[Tensor]
    pos_masks: Sequence[Tensor]


@HEADS.register_module()
class KernelUpdateHead(BaseModule):
    """Refine kernels: group features -> adaptive update -> kernel interaction -> masks and classes (K-Net, Sec. 3.2).

    Args:
        num_thing_classes: T, number of thing classes.
        num_stuff_classes: S, number of stuff classes; the last S queries are bound to them and are not matched.
        in_channels: C, number of channels of kernels and features.
        feedforward_channels: Number of hidden channels of the FFN.
        num_heads: Number of heads of the attention between kernels.
        num_ffn_fcs: Number of layers of the FFN.
        num_cls_fcs: Number of hidden layers of the class branch.
        num_mask_fcs: Number of hidden layers of the mask branch.
        mask_upsample_stride: Ratio of feature stride and loss stride, as ``feat_downsample_stride`` of the kernel head.
        kernel_updator_cfg: Config of the adaptive kernel update.
        loss_cls: Config of the classification loss.
        loss_mask: Config of the cross entropy of the masks.
        loss_dice: Config of the dice loss of the masks.
        loss_rank: Config of the rank loss; None leaves it out.
        with_cls: Whether the stage classifies its kernels.
    """

    def __init__(
        self,
        num_thing_classes: int,
        num_stuff_classes: int,
        in_channels: int,
        feedforward_channels: int,
        num_heads: int,
        num_ffn_fcs: int,
        num_cls_fcs: int,
        num_mask_fcs: int,
        mask_upsample_stride: int,
        kernel_updator_cfg: dict,
        loss_cls: dict,
        loss_mask: dict,
        loss_dice: dict,
        loss_rank: Optional[dict] = None,
        with_cls: bool = True,
    ) -> None:
        super().__init__()
        self.num_thing_classes = num_thing_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_classes = num_thing_classes + num_stuff_classes
        self.mask_upsample_stride = mask_upsample_stride
        self.with_cls = with_cls
        self.attention = MultiheadAttention(in_channels, num_heads)
        self.attention_norm = nn.LayerNorm(in_channels)
        self.kernel_update_conv = build_transformer_layer(kernel_updator_cfg)
        # Linear, so it is never applied to a feature map: to sums of features and to kernels it is a small matrix.
        self.feat_transform = ConvModule(in_channels, in_channels, 1, act_cfg=None)
        self.ffn = FFN(in_channels, feedforward_channels, num_ffn_fcs)
        self.ffn_norm = nn.LayerNorm(in_channels)
        if with_cls:
            self.cls_fcs = self._fully_connected(in_channels, num_cls_fcs)
            self.fc_cls = nn.Linear(in_channels, self.num_classes)
        self.mask_fcs = self._fully_connected(in_channels, num_mask_fcs)
        self.fc_mask = nn.Linear(in_channels, in_channels)
        self.loss_cls = build_loss(loss_cls)
        self.loss_mask = build_loss(loss_mask)
        self.loss_dice = build_loss(loss_dice)
        self.loss_rank = build_loss(loss_rank) if loss_rank is not None else None

    @staticmethod
    def _fully_connected(channels: int, num_layers: int) -> nn.ModuleList:
        layers = nn.ModuleList()
        for _ in range(num_layers):
            layers.extend([nn.Linear(channels, channels, bias=False), nn.LayerNorm(channels), nn.ReLU(inplace=True)])
        return layers

    def init_weights(self) -> None:
        """Initialise matrices Xavier-uniformly; class scores start at probability 0.01 (focal prior)."""
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        if self.with_cls:
            nn.init.constant_(self.fc_cls.bias, bias_init_with_prob(0.01))

    @full_precision
    def update_kernels(self, gathered: Tensor, kernels: Tensor) -> Tensor:
        """Update the kernels adaptively, then let all kernels of an image interact.

        Args:
            gathered: (B, Q, C) float, features under the masks.
            kernels: (B, Q, C) float.

        Returns:
            (B, Q, C) float.
        """
        batch, num_queries, channels = kernels.shape
        updated = self.kernel_update_conv(gathered, kernels[:, :, None])
        updated = updated.reshape(batch, num_queries, channels).transpose(0, 1)
        updated = self.attention_norm(self.attention(updated)).transpose(0, 1)
        return self.ffn_norm(self.ffn(updated))

    def predict(self, x: Tensor, kernels: Tensor, track_kernels: Optional[Tensor] = None) -> StageOutput:
        """Predict class logits and masks with the updated kernels.

        Args:
            x: (B, C, h, w) float features.
            kernels: (B, Q, C) float.
            track_kernels: (B, Q, C) float kernels that are passed through.

        Returns:
            The output of the stage, whose masks are ``kernel * feat_transform(x)``.
        """
        return StageOutput(
            cls_logits=self.classify(kernels),
            masks=self.predict_masks(x, kernels),
            kernels=kernels[..., None, None],
            track_kernels=None if track_kernels is None else track_kernels[..., None, None],
        )

    def classify(self, kernels: Tensor) -> Optional[Tensor]:
        """Return the class logits (B, Q, K) of kernels (B, Q, C); None without classifier."""
        if not self.with_cls:
            return None
        for layer in self.cls_fcs:
            kernels = layer(kernels)
        return self.fc_cls(kernels)

    def predict_masks(self, x: Tensor, kernels: Tensor) -> Tensor:
        """Return the mask logits (B, Q, h, w) of kernels (B, Q, C) on features (B, C, h, w)."""
        for layer in self.mask_fcs:
            kernels = layer(kernels)
        kernels, transform = self.fc_mask(kernels), self.feat_transform.conv
        masks = torch.baddbmm(
            (kernels @ transform.bias)[..., None], kernels @ transform.weight.flatten(1), x.flatten(2)
        )
        return masks.unflatten(2, x.shape[2:])

    def forward(self, x: Tensor, kernels: Tensor, masks: Tensor) -> StageOutput:
        """Refine kernels and masks once.

        Args:
            x: (B, C, h, w) float features.
            kernels: (B, Q, C, 1, 1) float.
            masks: (B, Q, h, w) float mask logits.

        Returns:
            The refined predictions.
        """
        return self.predict(x, self.update_kernels(self.gather(masks, x), kernels[..., 0, 0]))

    @full_precision
    def gather(self, masks: Tensor, x: Tensor) -> Tensor:
        """Return the group features (B, Q, C) of ``feat_transform(x)`` under masks of any resolution."""
        if masks.shape[2:] != x.shape[2:]:
            masks = F.interpolate(masks, size=x.shape[2:], mode='bilinear', align_corners=False)
        hard, transform = hard_masks(masks), self.feat_transform.conv
        return F.linear(pool(hard, x), transform.weight.flatten(1)) + hard.sum(2, keepdim=True) * transform.bias

    def get_targets(
        self, matchings: Sequence[Matching], targets: Sequence[ImageTargets], num_queries: int
    ) -> QueryTargets:
        """Return the target labels and masks of all queries.

        Targets of thing queries follow from the matching. Stuff query ``N + s`` always stands for class ``T + s`` and
        is supervised on that class only.

        Args:
            matchings: B matchings of the N thing queries.
            targets: B ground truths.
            num_queries: Q = N + S, number of queries per image.

        Returns:
            The targets of the queries of all B images.
        """
        first_stuff = num_queries - self.num_stuff_classes
        like = targets[0].thing_labels
        labels = like.new_full((len(targets), num_queries), self.num_classes)
        weights = torch.zeros((len(targets), num_queries, self.num_classes), device=like.device)
        weights[:, :first_stuff, : self.num_thing_classes] = 1
        stuff = torch.arange(self.num_stuff_classes, device=like.device)
        weights[:, first_stuff + stuff, self.num_thing_classes + stuff] = 1
        pos_inds, pos_masks = [], []
        for i, (matching, target) in enumerate(zip(matchings, targets)):
            stuff_inds = target.stuff_labels - self.num_thing_classes + first_stuff
            labels[i, matching.pos_inds] = target.thing_labels[matching.pos_assigned_gt_inds]
            labels[i, stuff_inds] = target.stuff_labels
            pos_inds.append(torch.cat([matching.pos_inds, stuff_inds]))
            pos_masks.append(torch.cat([target.thing_masks[matching.pos_assigned_gt_inds], target.stuff_masks]))
        return QueryTargets(labels, weights, pos_inds, pos_masks)

    def loss(
        self, output: StageOutput, matchings: Sequence[Matching], targets: Sequence[ImageTargets]
    ) -> Dict[str, Tensor]:
        """Compute the losses of the stage.

        A subclass may add losses. Entries with "loss" in their name are weighted by ``stage_loss_weights`` and summed
        for the gradient; others, like ``pos_acc``, are only logged.

        Args:
            output: Predictions for B images.
            matchings: B matchings.
            targets: B ground truths.

        Returns:
            ``loss_cls`` and ``pos_acc`` in percent (if there are class logits), ``loss_mask``, ``loss_dice`` and
            ``loss_rank`` (if it is configured).
        """
        query_targets = self.get_targets(matchings, targets, output.masks.shape[1])
        losses = {} if output.cls_logits is None else self.class_losses(output.cls_logits, query_targets)
        return {**losses, **self.mask_losses(output.masks, query_targets)}

    def mask_losses(self, masks: Tensor, query_targets: QueryTargets) -> Dict[str, Tensor]:
        """Return ``loss_mask``, ``loss_dice`` and, if it is configured, ``loss_rank`` of mask logits (B, Q, h, w)."""
        pos_inds, pos_masks = query_targets.pos_inds, query_targets.pos_masks
        stride, losses = self.mask_upsample_stride, {}
        if self.loss_rank is not None:
            losses['loss_rank'] = rank_loss(self.loss_rank, masks, stride, pos_inds, pos_masks)
        matched = torch.cat([image[inds] for image, inds in zip(masks, pos_inds)])
        pair = mask_losses(self.loss_mask, self.loss_dice, matched, stride, torch.cat(list(pos_masks)))
        return {**losses, **{f'loss_{name}': value for name, value in pair.items()}}

    def class_losses(self, cls_logits: Tensor, query_targets: QueryTargets) -> Dict[str, Tensor]:
        """Return ``loss_cls`` and ``pos_acc`` of class logits (B, Q, K)."""
        labels, logits = query_targets.labels.flatten(), cls_logits.flatten(0, 1)
        num_pos = reduce_mean((labels < self.num_classes).sum().float()).clamp(min=1.0)
        loss = self.loss_cls(logits, labels, query_targets.label_weights.flatten(0, 1), avg_factor=num_pos)
        # A condition on the labels would find the same rows, but wait for their number.
        rows = torch.cat([inds + i * cls_logits.shape[1] for i, inds in enumerate(query_targets.pos_inds)])
        return dict(loss_cls=loss, pos_acc=accuracy(logits[rows], labels[rows]))
