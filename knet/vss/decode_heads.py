"""mmsegmentation's K-Net head with a link from frame to frame."""

from typing import List, Optional, Sequence, Tuple

import torch
from mmseg.models.builder import HEADS
from mmseg.models.decode_heads import DepthwiseSeparableASPPHead, IterativeDecodeHead
from mmseg.ops import resize
from torch import Tensor

from knet.det.kernel_link import KernelLink


@HEADS.register_module()
class VideoIterativeDecodeHead(IterativeDecodeHead):
    """K-Net's stages, the last of which attends to the semantic kernels of the previous frame.

    There is one kernel per class, so kernel k of two frames means the same class. Without ``link``, parameters and
    outputs are those of :class:`mmseg.models.IterativeDecodeHead`.

    Args:
        link: Arguments of :class:`~knet.det.KernelLink` except the number of channels; None links no frames.
        **kwargs: Arguments of mmseg's head.
    """

    def __init__(self, link: Optional[dict] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.link = None if link is None else KernelLink(self.kernel_update_head[-1].in_channels, **link)

    def link_kernels(self, kernels: Tensor, previous: Optional[Tensor]) -> Tensor:
        """Return the kernels (B, K, C, 1, 1) after attention to the previous ones, if there are any."""
        if self.link is None or previous is None:
            return kernels
        return self.link(kernels[..., 0, 0], previous[..., 0, 0])[..., None, None]

    def refine(
        self, inputs: Sequence[Tensor], previous: Optional[Tensor] = None, pairs: bool = False
    ) -> Tuple[List[Tensor], Tensor]:
        """Run all stages.

        Args:
            inputs: Levels of the backbone, (B, c, h, w) each.
            previous: (B, K, C, 1, 1) float kernels of the previous frame.
            pairs: Whether the batch holds pairs: the first half are key frames, the second half are their references,
                which take the part of the previous frames.

        Returns:
            Logits (B, K, h, w) before and after every stage, and the refined kernels (B, K, C, 1, 1).
        """
        head = self.kernel_generate_head
        feats = head._forward_feature(inputs)
        logits = [head.cls_seg(feats)]
        weight = head.conv_seg.weight.clone()
        kernels = weight[None].expand(len(feats), *weight.shape)
        for stage in self.kernel_update_head[:-1]:
            mask, kernels = stage(feats, kernels, logits[-1])
            logits.append(mask)
        last = self.kernel_update_head[-1]
        if pairs and self.link is not None:
            half = len(feats) // 2
            ref_mask, ref_kernels = last(feats[half:], kernels[half:], logits[-1][half:])
            mask, key_kernels = last(feats[:half], self.link_kernels(kernels[:half], ref_kernels), logits[-1][:half])
            return [*logits, torch.cat([mask, ref_mask])], torch.cat([key_kernels, ref_kernels])
        mask, kernels = last(feats, self.link_kernels(kernels, previous), logits[-1])
        return [*logits, mask], kernels


@HEADS.register_module()
class KernelSepASPPHead(DepthwiseSeparableASPPHead):
    """DeepLabV3+ head that can generate kernels.

    :class:`mmseg.models.DepthwiseSeparableASPPHead` inherits ``_forward_feature``, which K-Net calls, from a head
    without decoder. This class includes the decoder. Parameters and outputs are those of mmseg's head.
    """

    def _forward_feature(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the features (B, C, h, w) that the classifier of the head reads."""
        feats = super()._forward_feature(inputs)
        if self.c1_bottleneck is not None:
            fine = self.c1_bottleneck(inputs[0])
            feats = resize(feats, size=fine.shape[2:], mode='bilinear', align_corners=self.align_corners)
            feats = torch.cat([feats, fine], dim=1)
        return self.sep_bottleneck(feats)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the class logits (B, K, h, w) of the levels (B, c, H_l, W_l) of the backbone."""
        return self.cls_seg(self._forward_feature(inputs))
