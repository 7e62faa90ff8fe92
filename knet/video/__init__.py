"""Video K-Net on streams of images: kernels are linked from frame to frame, embeddings track objects."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from .embeddings import (
    EMBEDDINGS,
    Embedding,
    KernelEmbedding,
    MaskPoolEmbedding,
    NetworkOutput,
    QueryEmbedding,
    RoIEmbedding,
    build_embedding,
)
from .kernel_iter_head import VideoKernelIterHead
from .kernel_update_head import VideoKernelUpdateHead
from .knet_quansi_dense import VideoKNetQuansiTrack
from .knet_quansi_dense_embed_fc import VideoKNetQuansiEmbedFC
from .knet_quansi_dense_embed_fc_joint_train import VideoKNetQuansiEmbedFCJointTrain
from .knet_quansi_dense_embed_fc_toy_exp import VideoKNetQuansiEmbedFCToy
from .knet_quansi_dense_roi_gt_box import VideoKNetQuansiTrackROIGTBox, VideoKNetQuansiTrackROIGTBoxJointTrain
from .memory import StreamMemory
from .track_heads import KernelTrackHead, QuasiDenseMaskEmbedHeadGTMask
from .track_losses import L2Loss, MultiPosCrossEntropyLoss
from .trackers import TRACKERS, MaskIoUTracker, NewIdTracker, QuasiDenseEmbedTracker, Tracker
from .video_knet import VideoKNet

__all__ = [
    'EMBEDDINGS',
    'TRACKERS',
    'Embedding',
    'KernelEmbedding',
    'KernelTrackHead',
    'L2Loss',
    'MaskIoUTracker',
    'MaskPoolEmbedding',
    'MultiPosCrossEntropyLoss',
    'NetworkOutput',
    'NewIdTracker',
    'QuasiDenseEmbedTracker',
    'QuasiDenseMaskEmbedHeadGTMask',
    'QueryEmbedding',
    'RoIEmbedding',
    'StreamMemory',
    'Tracker',
    'VideoKNet',
    'VideoKNetQuansiEmbedFC',
    'VideoKNetQuansiEmbedFCJointTrain',
    'VideoKNetQuansiEmbedFCToy',
    'VideoKNetQuansiTrack',
    'VideoKNetQuansiTrackROIGTBox',
    'VideoKNetQuansiTrackROIGTBoxJointTrain',
    'VideoKernelIterHead',
    'VideoKernelUpdateHead',
    'build_embedding',
]
