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
    """K-Net's stages, the last of which sees the semantic kernels of the previous frame.

    There is one kernel per class, so kernel k of two frames means the same
    class. Without ``link`` this is :class:`mmseg.models.IterativeDecodeHead`:
    same parameters, same outputs.

    Args:
        link: Arguments of :class:`~knet.det.KernelLink` but the
            channels; None never looks back.
        **kwargs: Of mmseg's head.
    """

    def __init__(self, link: Optional[dict] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.link = None if link is None else KernelLink(self.kernel_update_head[-1].in_channels, **link)

    def link_kernels(self, kernels: Tensor, previous: Optional[Tensor]) -> Tensor:
        """Kernels (B, K, C, 1, 1) that attended to the previous ones, the same shape; as they are if there are none."""
        if self.link is None or previous is None:
            return kernels
        return self.link(kernels[..., 0, 0], previous[..., 0, 0])[..., None, None]

    def refine(
        self, inputs: Sequence[Tensor], previous: Optional[Tensor] = None, pairs: bool = False
    ) -> Tuple[List[Tensor], Tensor]:
        """Run all stages.

        Args:
            inputs: Levels of the backbone, (B, c, h, w) each.
            previous: (B, K, C, 1, 1) float, kernels of the
                previous frame.
            pairs: The first half of the batch are key frames, the second
                half their references, which stand for the previous frames.

        Returns:
            Logits (B, K, h, w) before and after every stage, and the
            refined kernels (B, K, C, 1, 1).
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

    :class:`mmseg.models.DepthwiseSeparableASPPHead` inherits its
    ``_forward_feature``, which K-Net asks for, from a head without decoder; here
    it includes the decoder. Parameters and outputs are those of mmseg's head.
    """

    def _forward_feature(self, inputs: Sequence[Tensor]) -> Tensor:
        """Features (B, C, h, w) that the classifier of the head sees."""
        feats = super()._forward_feature(inputs)
        if self.c1_bottleneck is not None:
            fine = self.c1_bottleneck(inputs[0])
            feats = resize(feats, size=fine.shape[2:], mode='bilinear', align_corners=self.align_corners)
            feats = torch.cat([feats, fine], dim=1)
        return self.sep_bottleneck(feats)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        return self.cls_seg(self._forward_feature(inputs))
