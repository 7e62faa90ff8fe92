"""Clip-wise Video K-Net: kernels of frames -> kernels of the clip -> tracks."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from mmdet.models.builder import HEADS

from knet.det import ConvKernelHead, KernelIterHead, MaskHungarianAssigner
from knet.det.mask_hungarian_assigner import KNET_ASSIGNERS

from .clip_targets import clip_targets
from .kernel_frame_iter_head import KernelFrameIterHeadVideo
from .kernel_update_head import KernelUpdateHeadVideo
from .track import KNetTrack

# The original has classes of their own for what is a batch of B * F images, and for masks with a frame axis.
HEADS.register_module('ConvKernelHeadVideo', module=ConvKernelHead)
HEADS.register_module('KernelIterHeadVideo', module=KernelIterHead)
KNET_ASSIGNERS.register_module('MaskHungarianAssignerVideo', module=MaskHungarianAssigner)

__all__ = ['KNetTrack', 'KernelFrameIterHeadVideo', 'KernelUpdateHeadVideo', 'clip_targets']
