"""Video semantic segmentation: streams on top of mmsegmentation's K-Net."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from .decode_heads import KernelSepASPPHead, VideoIterativeDecodeHead
from .video_knet_vss import VideoKNetVSS

__all__ = ['KernelSepASPPHead', 'VideoIterativeDecodeHead', 'VideoKNetVSS']
