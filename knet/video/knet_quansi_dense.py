"""Video K-Net with embeddings of the features under masks, an alternative to embeddings of kernels."""

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiTrack(VideoKNet):
    """:class:`VideoKNet` that compares features pooled under masks."""

    def __init__(self, **kwargs) -> None:
        super().__init__(embedding='mask_pool', ref_losses=False, semantic_filter=False, **kwargs)
