"""Video semantic segmentation: streams on top of mmsegmentation's K-Net."""

from .decode_heads import KernelSepASPPHead, VideoIterativeDecodeHead
from .video_knet_vss import VideoKNetVSS

__all__ = ['KernelSepASPPHead', 'VideoIterativeDecodeHead', 'VideoKNetVSS']
