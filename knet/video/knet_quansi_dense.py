"""Embedding by the features under masks: the alternative to embedding kernels."""

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiTrack(VideoKNet):
    """:class:`VideoKNet` that compares features pooled under masks."""

    def __init__(self, **kwargs) -> None:
        super().__init__(embedding='mask_pool', ref_losses=False, semantic_filter=False, **kwargs)
