"""The detector of all Video K-Net results, with losses on both frames and linked kernels."""

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiEmbedFCJointTrain(VideoKNet):
    """:class:`VideoKNet` with learned embeddings and losses on key and reference frame: its defaults."""
