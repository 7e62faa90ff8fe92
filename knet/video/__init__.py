"""A stream of images: kernels are linked from frame to frame, embeddings track objects."""
from .kernel_iter_head import VideoKernelIterHead
from .kernel_link import KernelLink
from .kernel_update_head import VideoKernelUpdateHead
from .knet_quansi_dense_embed_fc import VideoKNetQuansiEmbedFC
from .knet_quansi_dense_embed_fc_joint_train import VideoKNetQuansiEmbedFCJointTrain
from .knet_quansi_dense_embed_fc_toy_exp import VideoKNetQuansiEmbedFCToy
from .memory import StreamMemory
from .track_heads import KernelTrackHead, QuasiDenseMaskEmbedHeadGTMask
from .track_losses import L2Loss, MultiPosCrossEntropyLoss
from .trackers import TRACKERS, MaskIoUTracker, NewIdTracker, QuasiDenseEmbedTracker
from .video_knet import VideoKNet

__all__ = ['KernelLink', 'KernelTrackHead', 'L2Loss', 'MaskIoUTracker', 'MultiPosCrossEntropyLoss', 'NewIdTracker',
           'QuasiDenseEmbedTracker', 'QuasiDenseMaskEmbedHeadGTMask', 'StreamMemory', 'TRACKERS', 'VideoKNet',
           'VideoKNetQuansiEmbedFC', 'VideoKNetQuansiEmbedFCJointTrain', 'VideoKNetQuansiEmbedFCToy',
           'VideoKernelIterHead', 'VideoKernelUpdateHead']
