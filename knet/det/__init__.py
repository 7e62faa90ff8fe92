"""One image: features -> kernels -> masks -> panoptic map or instances (image K-Net)."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from .chained_conv import ChainedConv2d, ChainedFPN
from .kernel_head import ConvKernelHead
from .kernel_iter_head import KernelIterHead
from .kernel_link import KernelLink
from .kernel_update_head import KernelUpdateHead
from .knet import KNet
from .mask_hungarian_assigner import DiceCost, MaskCost, MaskHungarianAssigner
from .msdeformattn_decoder import MSDeformAttnPixelDecoder
from .semantic_fpn_wrapper import SemanticFPNWrapper

__all__ = [
    'ChainedConv2d',
    'ChainedFPN',
    'ConvKernelHead',
    'DiceCost',
    'KNet',
    'KernelIterHead',
    'KernelLink',
    'KernelUpdateHead',
    'MSDeformAttnPixelDecoder',
    'MaskCost',
    'MaskHungarianAssigner',
    'SemanticFPNWrapper',
]
