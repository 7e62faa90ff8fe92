"""The first kernels of a frame: one convolution kernel per proposal and class."""

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmcv.cnn import bias_init_with_prob, normal_init
from mmcv.runner import BaseModule
from mmdet.core import build_assigner
from mmdet.models.builder import HEADS, build_loss, build_neck
from torch import Tensor, nn

from knet.utils.precision import full_precision

from .frugal_conv import FrugalConvModule
from .losses import mask_losses, rank_loss, semantic_loss
from .mask_hungarian_assigner import Matching, batch_costs, check_sampler, pair_up
from .targets import ImageTargets, check_loss_size, semantic_target


@dataclass
class Proposals:
    """Output of the kernel head and input of the kernel update stages.

    Attributes:
        kernels: (B, Q, C, 1, 1) float; Q = N things + S stuff, in that order.
        feats: (B, C, h, w) float, the map that kernels are convolved with.
        masks: (B, Q, h, w) float mask logits.
        semantic: (B, K, h, w) float logits of the semantic branch.
    """

    kernels: Tensor
    feats: Tensor
    masks: Tensor
    semantic: Tensor

    def select(self, images: slice) -> 'Proposals':
        """Return the proposals of some of the images."""
        return Proposals(self.kernels[images], self.feats[images], self.masks[images], self.semantic[images])


def hard_masks(masks: Tensor) -> Tensor:
    """Return the binary masks, one where ``sigmoid > 0.5``; not differentiable.

    Args:
        masks: (B, Q, h, w) float logits.

    Returns:
        (B, Q, h * w) zeros and ones in the dtype of ``masks``.
    """
    # Compare after the sigmoid: for tiny positive logits float32 rounds it to exactly 0.5.
    return (masks.detach().sigmoid() > 0.5).to(masks.dtype).flatten(2)


@full_precision
def pool(hard: Tensor, feats: Tensor) -> Tensor:
    """Return the sum of the features under each binary mask, the "group feature" (K-Net, Eq. 3).

    Args:
        hard: (B, Q, h * w) zeros and ones.
        feats: (B, C, h, w) float.

    Returns:
        (B, Q, C) float.
    """
    return hard.to(feats.dtype) @ feats.flatten(2).transpose(1, 2)


# The original registered a verbatim copy of the class for video models.
@HEADS.register_module(name=['ConvKernelHead', 'VideoConvKernelHead'])
class ConvKernelHead(BaseModule):
    """Predict initial thing masks, a semantic map and a kernel for each thing mask and stuff class.

    Thing kernels are the weights of ``init_kernels`` plus the features under their mask; stuff kernels are the weights
    of ``conv_seg``. Without stuff classes, the semantic branch predicts the thing classes.

    Args:
        num_proposals: N, number of thing kernels.
        num_thing_classes: T, number of thing classes.
        num_stuff_classes: S, number of stuff classes.
        in_channels: C, number of channels of kernels and features.
        feat_downsample_stride: Ratio of feature stride and loss stride; masks are up-sampled by this factor for losses
            and matching. The same number as ``mask_upsample_stride`` of every refinement stage.
        localization_fpn: Config of the neck that yields the features of the thing branch and the semantic branch.
        norm_cfg: Config of the norm after the 1x1 convolutions of both branches.
        loss_mask: Config of the cross entropy of the masks.
        loss_dice: Config of the dice loss of the masks.
        loss_seg: Config of the loss of the semantic branch.
        loss_rank: Config of the rank loss; None leaves it out.
        train_cfg: Configs of the ``assigner`` and the ``sampler``.
    """

    def __init__(
        self,
        num_proposals: int,
        num_thing_classes: int,
        num_stuff_classes: int,
        in_channels: int,
        feat_downsample_stride: int,
        localization_fpn: dict,
        norm_cfg: dict,
        loss_mask: dict,
        loss_dice: dict,
        loss_seg: dict,
        loss_rank: Optional[dict] = None,
        train_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__()
        self.num_proposals = num_proposals
        self.num_thing_classes = num_thing_classes
        self.num_classes = num_thing_classes + num_stuff_classes
        self.feat_downsample_stride = feat_downsample_stride
        self.localization_fpn = build_neck(localization_fpn)
        self.loc_convs = nn.ModuleList([FrugalConvModule(in_channels, in_channels, 1, norm_cfg=norm_cfg)])
        self.seg_convs = nn.ModuleList([FrugalConvModule(in_channels, in_channels, 1, norm_cfg=norm_cfg)])
        self.init_kernels = nn.Conv2d(in_channels, num_proposals, 1, bias=False)
        self.conv_seg = nn.Conv2d(in_channels, self.num_classes, 1)
        self.loss_mask = build_loss(loss_mask)
        self.loss_dice = build_loss(loss_dice)
        self.loss_seg = build_loss(loss_seg)
        self.loss_rank = build_loss(loss_rank) if loss_rank is not None else None
        if train_cfg is not None:
            self.assigner = build_assigner(train_cfg['assigner'])
            check_sampler(train_cfg['sampler'])

    def init_weights(self) -> None:
        """Initialise from normal distributions; a sigmoid semantic branch starts at probability 0.01."""
        self.localization_fpn.init_weights()
        for module in (*self.loc_convs, *self.seg_convs):
            normal_init(module.conv, std=0.01)
        bias = bias_init_with_prob(0.01) if self.loss_seg.use_sigmoid else 0
        normal_init(self.conv_seg, std=0.01, bias=bias)
        normal_init(self.init_kernels, std=1)

    def forward(self, feats: Sequence[Tensor]) -> Proposals:
        """Predict the initial kernels and masks.

        Args:
            feats: FPN levels, (B, C, H_l, W_l), finest first.

        Returns:
            The proposals, Q = N + S queries per image.
        """
        loc, seg = self.localization_fpn(feats)
        loc, seg = self.loc_convs[0](loc), self.seg_convs[0](seg)
        thing_masks, semantic = self.init_kernels(loc), self.conv_seg(seg)
        x = seg + loc
        thing_kernels = self.init_kernels.weight + pool(hard_masks(thing_masks), x)[..., None, None]
        stuff_kernels = self.conv_seg.weight[self.num_thing_classes :].expand(len(x), -1, -1, -1, -1)
        return Proposals(
            kernels=torch.cat([thing_kernels, stuff_kernels], dim=1),
            feats=x,
            masks=torch.cat([thing_masks, semantic[:, self.num_thing_classes :]], dim=1),
            semantic=semantic,
        )

    def loss(self, proposals: Proposals, targets: Sequence[ImageTargets]) -> Tuple[Dict[str, Tensor], List[Matching]]:
        """Compute the losses of the initial masks.

        Args:
            proposals: Output of :meth:`forward` for B images.
            targets: B ground truths at loss resolution.

        Returns:
            Scalars ``loss_rpn_{mask,dice,rank,seg}`` (``rank`` if it is configured), and B matchings of proposals with
            instances.

        Raises:
            ValueError: If the strides of the config do not bring masks to the resolution of the ground truth.
        """
        stride = self.feat_downsample_stride
        check_loss_size(proposals.masks, stride, targets[0])
        masks = proposals.masks[:, : self.num_proposals]
        matchings = pair_up(batch_costs(self.assigner, masks, None, stride, targets))
        pos_inds = [m.pos_inds for m in matchings]
        pos_masks = [t.thing_masks[m.pos_assigned_gt_inds] for t, m in zip(targets, matchings)]
        matched = torch.cat([image[inds] for image, inds in zip(masks, pos_inds)])
        losses = mask_losses(self.loss_mask, self.loss_dice, matched, stride, torch.cat(pos_masks))
        if self.loss_rank is not None:
            losses['rank'] = rank_loss(self.loss_rank, masks, stride, pos_inds, pos_masks)
        seg_target = torch.stack(
            [semantic_target(t, m.pos_assigned_gt_inds, self.num_classes) for t, m in zip(targets, matchings)]
        )
        losses['seg'] = semantic_loss(self.loss_seg, proposals.semantic, stride, seg_target)
        return {f'loss_rpn_{name}': value for name, value in losses.items()}, matchings
