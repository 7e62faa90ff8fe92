"""Video K-Net with embeddings of the features under masks, an alternative to embeddings of kernels."""

from typing import Union

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiTrack(VideoKNet):
    """:class:`VideoKNet` that compares features pooled under masks."""

    def __init__(
        self,
        embedding: Union[str, dict] = 'mask_pool',
        ref_losses: bool = False,
        semantic_filter: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(embedding=embedding, ref_losses=ref_losses, semantic_filter=semantic_filter, **kwargs)
