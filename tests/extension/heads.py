"""A loss and a link outside of the package, both in the refinement stage that has them."""

import torch
from mmdet.models.builder import HEADS
from torch import nn

from knet.video import VideoKernelUpdateHead


@HEADS.register_module()
class AreaLossHead(VideoKernelUpdateHead):
    """A stage that also learns the areas of masks."""

    def mask_losses(self, masks, query_targets):
        """Add ``loss_area``, the mean difference of the areas, as shares of the frame, of matched masks."""
        losses = super().mask_losses(masks, query_targets)
        pairs = zip(masks, query_targets.pos_inds, query_targets.pos_masks)
        differences = [image[inds].sigmoid().mean((1, 2)) - target.mean((1, 2)) for image, inds, target in pairs]
        differences = torch.cat(differences)
        losses['loss_area'] = differences.abs().sum() / max(len(differences), 1)
        return losses


class GatedLink(nn.Module):
    """Mix the kernel of a query with that of the same query in the previous frame."""

    def __init__(self, channels):
        super().__init__()
        self.gate = nn.Linear(2 * channels, channels)

    def forward(self, current, previous, gathered):
        """Return kernels (B, Q, C) of kernels of both frames and features under the masks, all (B, Q, C)."""
        share = self.gate(torch.cat([current, previous], dim=-1)).sigmoid()
        return share * current + (1 - share) * previous


@HEADS.register_module()
class GatedLinkHead(VideoKernelUpdateHead):
    """A stage that links the kernels for tracking by :class:`GatedLink`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.track_link = GatedLink(kwargs['in_channels'])
