"""Refinement stage of a clip."""

from typing import Any, Optional

from mmdet.models.builder import HEADS
from torch import Tensor

from knet.det.kernel_update_head import KernelUpdateHead, StageOutput
from knet.det.published_names import publish
from knet.utils.precision import full_precision
from knet_vis.frame_fusion import PUBLISHED_NAMES, FrameFusion


@HEADS.register_module()
class KernelUpdateHeadVideo(KernelUpdateHead):
    """:class:`~knet.det.KernelUpdateHead` for B clips of F frames, whose features and masks are passed as B * F images.

    With a classifier, there is one set of kernels per clip, which is updated with the group features of all frames and
    segments all frames. Without a classifier, every frame has its own kernels and the stage is that of image K-Net.

    Args:
        query_merge_method: Method that merges the group features of the frames, see
            :class:`~knet_vis.frame_fusion.FrameFusion`.
        **kwargs: Arguments of the image head.
    """

    def __init__(self, query_merge_method: str = 'mean', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.with_cls:
            self.fuse_frames = FrameFusion(query_merge_method, kwargs['in_channels'], kwargs['num_heads'])
            publish(self, PUBLISHED_NAMES)

    def forward(self, x: Tensor, kernels: Tensor, masks: Tensor, query_pos: Optional[Tensor] = None) -> StageOutput:
        """Refine kernels and masks once.

        Args:
            x: (B * F, C, h, w) float features.
            kernels: (B, N, C, 1, 1) float with a classifier, (B * F, N, C, 1, 1) without.
            masks: (B * F, N, h, w) float mask logits.
            query_pos: (N, C) float, positional encoding for the fusion of the frames.

        Returns:
            Masks (B * F, N, h, w), kernels in the shape of the input, and class logits (B, N, K) or None.
        """
        return self.predict(x, self.update_kernels(self.gather(masks, x), kernels[..., 0, 0], query_pos))

    @full_precision
    def update_kernels(self, gathered: Tensor, kernels: Tensor, query_pos: Optional[Tensor] = None) -> Tensor:
        """Fuse the features of the frames, then update the kernels as in image K-Net.

        Args:
            gathered: (B * F, N, C) float, features under the masks.
            kernels: (B, N, C) float with a classifier, (B * F, N, C) without.
            query_pos: (N, C) float, positional encoding for the fusion of the frames.

        Returns:
            The updated kernels in the shape of ``kernels``.
        """
        if self.with_cls:
            gathered = self.fuse_frames(gathered.unflatten(0, (len(kernels), -1)), kernels.detach(), query_pos)
        return super().update_kernels(gathered, kernels)

    def predict_masks(self, x: Tensor, kernels: Tensor) -> Tensor:
        """Return the mask logits (B * F, N, h, w) of kernels (B or B * F, N, C) on features (B * F, C, h, w)."""
        return super().predict_masks(x, kernels.repeat_interleave(len(x) // len(kernels), dim=0))
